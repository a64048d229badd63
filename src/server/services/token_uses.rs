//! When and from where personal tokens were last used. Requests only record it in memory; it is written once a minute,
//! so that reading with a token does not write to the state database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::access::{AuthKind, Principal};
use crate::base::locked;
use crate::base::time;
use crate::domain::tokens::{record_new_address, record_token_uses};
use crate::store::Store;
use crate::store::tokens::Use;

/// How long a use may stay unwritten.
pub const WRITE_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct TokenUses {
    /// By token id.
    unwritten: Mutex<HashMap<String, Use>>,
}

impl TokenUses {
    /// Records a use. The first one from another address is written right away, with a row in the audit log.
    pub fn record(&self, store: &Store, caller: &Principal) {
        let AuthKind::Token(id) = caller.kind() else { return };
        let actor = caller.actor();
        let ip = actor.origin.ip;
        let snapshot = store.snapshot();
        let stored = snapshot.tokens.get(id).and_then(|token| token.last_used_ip);
        let mut unwritten = self.lock();
        let previous: Option<IpAddr> = unwritten.get(id).map_or(stored, |last| last.ip);
        unwritten.insert(id.clone(), Use { at: time::now(), ip });
        drop(unwritten);
        if let (Some(previous), Some(current)) = (previous, ip)
            && previous != current
        {
            let (store, id) = (store.clone(), id.clone());
            tokio::spawn(async move {
                if let Err(error) = record_new_address(&store, actor, id, previous, current).await {
                    tracing::warn!(%error, "cannot record that a personal token came from another address");
                }
            });
        }
    }

    /// The last use of a token that is not written yet.
    pub fn last(&self, id: &str) -> Option<Use> {
        self.lock().get(id).cloned()
    }

    /// Writes the uses since the last call. Each is forgotten here only when it can be read from the snapshot; what
    /// could not be written is retried at the next call.
    pub async fn write(&self, store: &Store) {
        let uses = self.lock().clone();
        if uses.is_empty() {
            return;
        }
        match record_token_uses(store, uses.clone()).await {
            Ok(()) => self.lock().retain(|id, current| uses.get(id).is_none_or(|written| written.at != current.at)),
            Err(error) => tracing::warn!(%error, "cannot store when personal tokens were last used"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        locked(&self.unwritten)
    }
}
