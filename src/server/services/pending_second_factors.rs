//! Sign-ins that wait for a second factor. They are stored here, so that the browser holds nothing but a random name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::expiring_map::ExpiringMap;
use crate::base::random;
use crate::domain::second_factor::Enrolment;
use crate::domain::sign_in::SignInMethod;
use crate::store::users::Proved;

/// Name of the cookie that holds the name of a pending sign-in.
pub const COOKIE: &str = "second_factor";
/// How long a sign-in may wait.
pub const TIMEOUT: Duration = Duration::from_secs(600);
/// At capacity, the oldest are forgotten first.
const MAX_PENDING: usize = 10_000;

/// Somebody who has proved one factor.
pub struct PendingSecondFactor {
    pub user: Proved,
    pub method: SignInMethod,
    /// A path of this server to redirect to in the end.
    pub next: Option<String>,
    /// The second factor that is being set up.
    pub enrolment: Option<Enrolment>,
    pub until: Instant,
}

pub struct PendingSecondFactors(ExpiringMap<String, Arc<PendingSecondFactor>>);

impl Default for PendingSecondFactors {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_PENDING, TIMEOUT))
    }
}

impl PendingSecondFactors {
    /// Stores a sign-in and returns its name.
    pub fn insert(&self, pending: PendingSecondFactor) -> String {
        let name = random::hex(32);
        self.put_back(&name, Arc::new(pending));
        name
    }

    /// Removes and returns the sign-in of that name, unless it has expired.
    pub fn take(&self, name: &str) -> Option<Arc<PendingSecondFactor>> {
        self.0.remove(&name.to_owned()).filter(|pending| pending.until > Instant::now())
    }

    /// Another attempt. It does not last longer.
    pub fn put_back(&self, name: &str, pending: Arc<PendingSecondFactor>) {
        self.0.insert(name.to_owned(), pending);
    }
}
