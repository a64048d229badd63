//! How often somebody may try: by client address for each endpoint, and by account for failed passwords. Counted in
//! memory, in fixed windows, for a bounded number of addresses and accounts.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::base::hash::sha256_hex;
use crate::server::ApiError;

/// How often one client address may use an endpoint within a minute.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Requests of one path share a window, whatever their method.
    pub path: &'static str,
    pub per_minute: u32,
}

const MINUTE: Duration = Duration::from_secs(60);
/// Failed passwords of one account, from anywhere.
const FAILURES: u32 = 10;
const FAILURES_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Windows that are remembered; those that were not used for the longest time are forgotten first.
const WINDOWS: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

#[derive(Debug)]
pub struct Limits {
    is_enabled: bool,
    requests: Mutex<LruCache<(&'static str, IpAddr), Window>>,
    /// By digest of the lower-cased address, so that long ones take no more room.
    failures: Mutex<LruCache<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl Limits {
    pub fn new(is_enabled: bool) -> Self {
        // Unbounded caches grow with use; the bound is kept when something is added.
        let cache = || LruCache::unbounded();
        Self { is_enabled, requests: Mutex::new(cache()), failures: Mutex::new(LruCache::unbounded()) }
    }

    /// Counts a request.
    pub fn admit(&self, rule: Rule, ip: Option<IpAddr>) -> Result<(), ApiError> {
        if !self.is_enabled {
            return Ok(());
        }
        let key = (rule.path, network(ip.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))));
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window(&mut requests, key, MINUTE);
        if window.count >= rule.per_minute {
            let text = format!("Too many requests — {} per 1 minute", rule.per_minute);
            return Err(ApiError::too_many(text, left(window, MINUTE)));
        }
        window.count += 1;
        Ok(())
    }

    /// Takes one of the tries that an account has, which need not exist. Taken before the password is checked, so that
    /// tries at the same time count too.
    pub fn take_try(&self, email: &str) -> Result<(), ApiError> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window(&mut failures, key(email), FAILURES_WITHIN);
        if self.is_enabled && window.count >= FAILURES {
            let text = "Too many failed sign-ins for this account; wait a while, or use another way to sign in";
            return Err(ApiError::too_many(text, left(window, FAILURES_WITHIN)));
        }
        window.count += 1;
        Ok(())
    }

    /// Gives a try back: nothing was checked.
    pub fn give_back(&self, email: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window(&mut failures, key(email), FAILURES_WITHIN);
        window.count = window.count.saturating_sub(1);
    }

    /// Forgets the wrong passwords of an account.
    pub fn succeeded(&self, email: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop(&key(email));
    }
}

fn window<K: std::hash::Hash + Eq>(windows: &mut LruCache<K, Window>, key: K, length: Duration) -> &mut Window {
    let fresh = || Window { since: Instant::now(), count: 0 };
    if windows.len() > WINDOWS.get() {
        windows.pop_lru();
    }
    let window = windows.get_or_insert_mut(key, fresh);
    if window.since.elapsed() >= length {
        *window = fresh();
    }
    window
}

/// Seconds until the window ends, at least one.
fn left(window: &Window, length: Duration) -> u64 {
    length.saturating_sub(window.since.elapsed()).as_secs() + 1
}

fn key(email: &str) -> String {
    sha256_hex(&email.trim().to_lowercase())
}

/// One subscriber: an IPv4 address, or the first 64 bits of an IPv6 one.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { path: "/auth/token", per_minute: 2 };

    #[test]
    fn windows_belong_to_addresses_and_paths() {
        let limits = Limits::new(true);
        let (one, two): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert!(limits.admit(RULE, Some(one)).is_ok() && limits.admit(RULE, Some(one)).is_ok());
        assert!(limits.admit(RULE, Some(one)).is_err());
        assert!(limits.admit(RULE, Some(two)).is_ok());
        assert!(limits.admit(Rule { path: "/auth/bootstrap", ..RULE }, Some(one)).is_ok());
        assert!(Limits::new(false).admit(Rule { per_minute: 0, ..RULE }, Some(one)).is_ok());
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:1".parse().unwrap()));
    }

    #[test]
    fn failures_belong_to_accounts() {
        let limits = Limits::new(true);
        for _ in 0..FAILURES {
            assert!(limits.take_try("Ann@example.com").is_ok());
        }
        assert!(limits.take_try("ann@example.com").is_err());
        assert!(limits.take_try("bob@example.com").is_ok());
        limits.give_back("ann@example.com");
        assert!(limits.take_try("ann@example.com").is_ok());
        limits.succeeded("ANN@example.com ");
        for _ in 0..FAILURES {
            assert!(limits.take_try("ann@example.com").is_ok());
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limits = Limits::new(true);
        for n in 0..WINDOWS.get() as u128 + 10 {
            assert!(limits.admit(RULE, Some(Ipv6Addr::from_bits(n << 64).into())).is_ok());
        }
        assert!(limits.requests.lock().unwrap().len() <= WINDOWS.get() + 1);
    }
}
