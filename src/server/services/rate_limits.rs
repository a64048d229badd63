//! Limits on attempts: requests per client address and endpoint, failed passwords per account, and changes per person.
//! Counted in memory, in fixed windows, for a bounded number of addresses and accounts.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::base::expiring_map::ExpiringMap;
use crate::base::hash::sha256_hex;

/// How often one client address may use an endpoint within a minute.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Requests of one path share a window, whatever their method.
    pub path: &'static str,
    pub per_minute: u32,
}

/// Failed passwords of one account, from any address, within [`FAILURE_WINDOW`].
const MAX_FAILURES: u32 = 10;
const FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Changes of one person within [`REQUEST_WINDOW`]: each can leave a row in the audit log, which is never deleted.
const MAX_CHANGES: u32 = 300;
const REQUEST_WINDOW: Duration = Duration::from_secs(60);
/// Windows that are remembered, of each kind.
const MAX_WINDOWS: usize = 50_000;

/// A limit is reached.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct TooManyRequests {
    pub reason: String,
    /// Seconds until the next attempt may succeed.
    pub retry_after: u64,
}

#[derive(Debug)]
pub struct Limits {
    is_enabled: bool,
    requests: ExpiringMap<(&'static str, IpAddr), u32>,
    /// By digest of the lower-cased address, so that long ones take no more room.
    failures: ExpiringMap<String, u32>,
    /// By user id.
    changes: ExpiringMap<String, u32>,
}

impl Limits {
    pub fn new(is_enabled: bool) -> Self {
        Self {
            is_enabled,
            requests: ExpiringMap::new(MAX_WINDOWS, REQUEST_WINDOW),
            failures: ExpiringMap::new(MAX_WINDOWS, FAILURE_WINDOW),
            changes: ExpiringMap::new(MAX_WINDOWS, REQUEST_WINDOW),
        }
    }

    /// Counts a request, unless the limit is reached.
    pub fn admit(&self, rule: Rule, ip: Option<IpAddr>) -> Result<(), TooManyRequests> {
        if !self.is_enabled {
            return Ok(());
        }
        let key = (rule.path, network(ip.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))));
        count(&self.requests, key, rule.per_minute)
    }

    /// Counts a request that changes something, unless the person has made too many.
    pub fn admit_change(&self, user_id: &str) -> Result<(), TooManyRequests> {
        if !self.is_enabled {
            return Ok(());
        }
        count(&self.changes, user_id.to_owned(), MAX_CHANGES)
    }

    /// Takes one of the attempts that an account has, which need not exist. Called before the password is checked, so
    /// that concurrent attempts count too.
    pub fn take_try(&self, email: &str) -> Result<(), TooManyRequests> {
        self.failures.update(key(email), |count, left| {
            if self.is_enabled && *count >= MAX_FAILURES {
                let reason = "Too many failed sign-ins for this account; wait a while, or use another way to sign in";
                return Err(TooManyRequests { reason: reason.into(), retry_after: left.as_secs() + 1 });
            }
            *count += 1;
            Ok(())
        })
    }

    /// Takes one of the attempts at a second factor that a user has.
    pub fn take_code_try(&self, user_id: &str) -> Result<(), TooManyRequests> {
        self.take_try(&code_of(user_id))
    }

    /// Forgets the wrong codes of a user.
    pub fn code_succeeded(&self, user_id: &str) {
        self.succeeded(&code_of(user_id));
    }

    /// Returns an attempt: no password was checked.
    pub fn give_back(&self, email: &str) {
        self.failures.update(key(email), |count, _| *count = count.saturating_sub(1));
    }

    /// Forgets the failed passwords of an account.
    pub fn succeeded(&self, email: &str) {
        self.failures.remove(&key(email));
    }
}

fn count<K: Hash + Eq>(requests: &ExpiringMap<K, u32>, key: K, per_minute: u32) -> Result<(), TooManyRequests> {
    requests.update(key, |count, left| {
        if *count >= per_minute {
            let reason = format!("Too many requests — {per_minute} per 1 minute");
            return Err(TooManyRequests { reason, retry_after: left.as_secs() + 1 });
        }
        *count += 1;
        Ok(())
    })
}

/// A key that is not an address.
fn code_of(user_id: &str) -> String {
    format!("code of {user_id}")
}

fn key(email: &str) -> String {
    sha256_hex(&email.trim().to_lowercase())
}

/// One subscriber: an IPv4 address, or the first 64 bits of an IPv6 one.
pub fn network(ip: IpAddr) -> IpAddr {
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
        for _ in 0..MAX_FAILURES {
            assert!(limits.take_try("Ann@example.com").is_ok());
        }
        assert!(limits.take_try("ann@example.com").is_err());
        assert!(limits.take_try("bob@example.com").is_ok());
        limits.give_back("ann@example.com");
        assert!(limits.take_try("ann@example.com").is_ok());
        limits.succeeded("ANN@example.com ");
        for _ in 0..MAX_FAILURES {
            assert!(limits.take_try("ann@example.com").is_ok());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::new(true);
        for n in 0..MAX_WINDOWS as u128 + 10 {
            assert!(limits.admit(RULE, Some(Ipv6Addr::from_bits(n << 64).into())).is_ok());
        }
        assert_eq!(limits.requests.count(), MAX_WINDOWS);
    }
}
