//! Sign-ins that have begun: what must be there again when somebody comes back from Google. Kept here, so that the
//! browser holds nothing but a random name.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier, RedirectUrl};

use crate::base::random;

/// How long somebody may take at Google.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// More at once than this are no people; the oldest are forgotten first.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

pub struct Login {
    pub state: CsrfToken,
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
    pub redirect_uri: RedirectUrl,
    /// Where to go at the end.
    pub next: Option<String>,
}

pub struct Logins(Mutex<LruCache<String, (Instant, Login)>>);

impl Default for Logins {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Logins {
    /// Keeps a sign-in and returns its name.
    pub fn keep(&self, login: Login) -> String {
        let name = random::hex(32);
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is looked at twice, so the end of the list is what is oldest.
        while logins.peek_lru().is_some_and(|(_, (since, _))| since.elapsed() >= PATIENCE) || logins.len() >= MOST.get()
        {
            logins.pop_lru();
        }
        logins.put(name.clone(), (Instant::now(), login));
        name
    }

    /// The sign-in of that name, once.
    pub fn take(&self, name: &str) -> Option<Login> {
        let (since, login) = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop(name)?;
        (since.elapsed() < PATIENCE).then_some(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login {
            state: CsrfToken::new_random(),
            nonce: Nonce::new_random(),
            verifier: PkceCodeVerifier::new("x".repeat(43)),
            redirect_uri: RedirectUrl::new("http://localhost/auth/google/callback".into()).unwrap(),
            next: None,
        }
    }

    #[test]
    fn each_is_good_once_and_for_a_while() {
        let logins = Logins::default();
        let name = logins.keep(login());
        assert!(logins.take(&name).is_some() && logins.take(&name).is_none());
        let late = logins.keep(login());
        if let Some(begun) = Instant::now().checked_sub(PATIENCE) {
            logins.0.lock().unwrap().get_mut(&late).unwrap().0 = begun;
            assert!(logins.take(&late).is_none());
        }
    }

    #[test]
    fn there_are_never_too_many() {
        let logins = Logins::default();
        let first = logins.keep(login());
        for _ in 0..MOST.get() {
            logins.keep(login());
        }
        assert_eq!(logins.0.lock().unwrap().len(), MOST.get());
        assert!(logins.take(&first).is_none());
    }
}
