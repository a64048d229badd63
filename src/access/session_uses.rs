//! When and from where sessions were last used. Requests only record it in memory; it is written once a minute, so that
//! reading does not write to the state database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;

use crate::base::{locked, time};
use crate::store::sessions::Session;
use crate::store::tokens::Use;

#[derive(Debug)]
pub struct SessionUses {
    /// A session that is not used for so long ends.
    max_idle: Duration,
    /// By id of the session.
    unwritten: Mutex<HashMap<String, Use>>,
}

impl SessionUses {
    pub fn new(max_idle: Duration) -> Self {
        Self { max_idle, unwritten: Mutex::default() }
    }

    /// Records a use, unless the session was not used for too long.
    pub(super) fn record(&self, session: &Session, ip: Option<IpAddr>) -> bool {
        let now = time::now();
        let mut unwritten = self.lock();
        let recent = unwritten.get(&session.id).map(|last| last.at);
        if self.is_idle(recent.max(session.last_used_at), now) {
            return false;
        }
        unwritten.insert(session.id.clone(), Use { at: now, ip });
        true
    }

    /// The session with its last use, unless it has expired or was not used for too long.
    pub fn live(&self, session: &Session) -> Option<Session> {
        let now = time::now();
        let recent = self.lock().get(&session.id).cloned();
        let last_used_at = recent.as_ref().map(|last| last.at).max(session.last_used_at);
        let is_over = session.expires_at.is_some_and(|end| end <= now) || self.is_idle(last_used_at, now);
        let recent_ip = recent.and_then(|last| last.ip).map(|ip| ip.to_string());
        let last_used_ip = recent_ip.or_else(|| session.last_used_ip.clone());
        (!is_over).then(|| Session { last_used_at, last_used_ip, ..session.clone() })
    }

    /// The uses that are not written yet.
    pub fn unwritten(&self) -> HashMap<String, Use> {
        self.lock().clone()
    }

    /// Forgets uses that were written.
    pub fn written(&self, uses: &HashMap<String, Use>) {
        self.lock().retain(|id, current| uses.get(id).is_none_or(|written| written.at != current.at));
    }

    fn is_idle(&self, last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
        last_used_at.is_some_and(|at| now.duration_since(at).unsigned_abs() > self.max_idle && at < now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        locked(&self.unwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(seconds_ago: i64) -> Session {
        let at = |seconds: i64| Some(time::from_micros((time::now().as_second() + seconds) * 1_000_000));
        Session {
            id: "s".into(),
            user_id: "ann".into(),
            method: None,
            created_at: at(-seconds_ago),
            expires_at: at(3600),
            last_used_at: at(-seconds_ago),
            last_used_ip: None,
            user_agent: None,
        }
    }

    #[test]
    fn a_use_in_memory_counts_before_it_is_written() {
        let uses = SessionUses::new(Duration::from_secs(600));
        assert!(!uses.record(&session(700), None) && uses.live(&session(700)).is_none());
        assert!(uses.record(&session(500), None));
        // The stored time is older by now.
        assert!(uses.record(&session(700), None) && uses.live(&session(700)).is_some());
        let unwritten = uses.unwritten();
        uses.written(&unwritten);
        assert!(uses.unwritten().is_empty() && !uses.record(&session(700), None));
    }
}
