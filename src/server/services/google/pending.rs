//! Sign-ins that wait for a browser to come back from Google. They are stored here, so that the browser holds nothing
//! but a random name.

use std::time::Duration;

use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier, RedirectUrl};

use crate::base::expiring_map::ExpiringMap;
use crate::base::random;

/// Name of the cookie that holds the name of a pending sign-in.
pub const PENDING_COOKIE: &str = "session";
/// How long a sign-in at Google may take.
pub const PENDING_TIMEOUT: Duration = Duration::from_secs(600);
/// At capacity, the oldest are forgotten first.
const MAX_PENDING: usize = 10_000;

pub struct PendingSignIn {
    pub state: CsrfToken,
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
    pub redirect_uri: RedirectUrl,
    /// A path of this server to redirect to in the end.
    pub next: Option<String>,
}

pub struct PendingSignIns(ExpiringMap<String, PendingSignIn>);

impl Default for PendingSignIns {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_PENDING, PENDING_TIMEOUT))
    }
}

impl PendingSignIns {
    /// Stores a sign-in and returns its name.
    pub fn insert(&self, pending: PendingSignIn) -> String {
        let name = random::hex(32);
        self.0.insert(name.clone(), pending);
        name
    }

    /// Removes and returns the sign-in of that name, unless it has expired.
    pub fn take(&self, name: &str) -> Option<PendingSignIn> {
        self.0.remove(&name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> PendingSignIn {
        PendingSignIn {
            state: CsrfToken::new_random(),
            nonce: Nonce::new_random(),
            verifier: PkceCodeVerifier::new("x".repeat(43)),
            redirect_uri: RedirectUrl::new("http://localhost/auth/google/callback".into()).unwrap(),
            next: None,
        }
    }

    #[test]
    fn each_can_be_taken_once() {
        let sign_ins = PendingSignIns::default();
        let name = sign_ins.insert(pending());
        assert!(sign_ins.take(&name).is_some() && sign_ins.take(&name).is_none());
    }

    #[test]
    fn the_number_is_bounded() {
        let sign_ins = PendingSignIns::default();
        let first = sign_ins.insert(pending());
        for _ in 0..MAX_PENDING {
            sign_ins.insert(pending());
        }
        assert_eq!(sign_ins.0.count(), MAX_PENDING);
        assert!(sign_ins.take(&first).is_none());
    }
}
