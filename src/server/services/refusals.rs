//! Which refused requests (403) were recorded recently, so that a client in a loop does not fill the audit log.

use std::collections::HashSet;
use std::time::Duration;

use crate::base::expiring_map::ExpiringMap;

/// The same refusal of the same user is recorded once within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// Different refusals of one user that are recorded within [`WINDOW`].
const MAX_PER_USER: usize = 100;
/// Users that are remembered.
const MAX_USERS: usize = 10_000;

/// Recently recorded requests, by user.
#[derive(Debug)]
pub struct Refusals(ExpiringMap<String, HashSet<String>>);

impl Default for Refusals {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_USERS, WINDOW))
    }
}

impl Refusals {
    /// Returns whether to record this refusal, and remembers it as recorded.
    pub fn is_new(&self, user_id: &str, resource: &str) -> bool {
        self.0.update(user_id.to_owned(), |recorded, _| {
            recorded.len() < MAX_PER_USER && recorded.insert(resource.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let refusals = Refusals::default();
        assert!(refusals.is_new("ann", "GET /api/users"));
        assert!(!refusals.is_new("ann", "GET /api/users"));
        assert!(refusals.is_new("bob", "GET /api/users"));
        let recorded = (0..1000).filter(|n| refusals.is_new("ann", &format!("GET /{n}"))).count();
        assert_eq!(recorded, MAX_PER_USER - 1);
        for n in 0..MAX_USERS {
            assert!(refusals.is_new(&format!("user {n}"), "GET /api/users"));
        }
        assert_eq!(refusals.0.count(), MAX_USERS);
    }
}
