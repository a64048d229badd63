//! When and from where personal tokens were last used. Requests only note it in memory; it is written once a minute, so
//! that reading with a token is no write to the state database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::access::{AuthKind, Principal};
use crate::base::time;
use crate::server::AppState;
use crate::store::audit::{Action, Actor};
use crate::store::tokens::{self, Use};
use crate::store::{Store, StoreError, audit};

/// How long a use may stay unwritten.
pub const WRITE_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct TokenUses {
    /// By token id.
    unwritten: Mutex<HashMap<String, Use>>,
}

impl TokenUses {
    /// Notes a use. The first one from another address is written at once, with a row in the audit log.
    pub fn note(&self, app: &AppState, caller: &Principal) {
        let AuthKind::Token(id) = caller.kind() else { return };
        let actor = caller.actor();
        let ip = actor.origin.ip;
        let snapshot = app.store.snapshot();
        let stored = snapshot.tokens.get(id).and_then(|token| token.last_used_ip);
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let before: Option<IpAddr> = unwritten.get(id).map_or(stored, |last| last.ip);
        unwritten.insert(id.clone(), Use { at: time::now(), ip });
        drop(unwritten);
        if let (Some(before), Some(ip)) = (before, ip)
            && before != ip
        {
            tokio::spawn(moved(app.clone(), id.clone(), actor, before, ip));
        }
    }

    /// The last use of a token that is not written yet.
    pub fn last(&self, id: &str) -> Option<Use> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Writes what was noted since the last time. It is forgotten here only once it can be read there; what could not
    /// be written is tried again.
    pub async fn write(&self, store: &Store) {
        let uses = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if uses.is_empty() {
            return;
        }
        let written: Result<(), StoreError> = store
            .write({
                let uses = uses.clone();
                move |change| tokens::used(change, &uses)
            })
            .await;
        match written {
            Ok(()) => {
                let is_news = |id: &String, now: &mut Use| uses.get(id).is_none_or(|before| before.at != now.at);
                self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).retain(is_news);
            }
            Err(error) => tracing::warn!(%error, "cannot store when personal tokens were last used"),
        }
    }
}

async fn moved(app: AppState, id: String, actor: Actor, before: IpAddr, now: IpAddr) {
    let written: Result<(), StoreError> = app
        .store
        .write(move |change| {
            tokens::used(change, &HashMap::from([(id.clone(), Use { at: Timestamp::now(), ip: Some(now) })]))?;
            let details = json!({ "ip": now.to_string(), "previous_ip": before.to_string() });
            audit::record(change, &actor, Action::TokenFirstUseNewIp, &format!("token:{id}"), details)
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "cannot record that a personal token came from another address");
    }
}
