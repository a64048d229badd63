//! Sessions of people who are signed in: their owners and admins see and end them.

use serde_json::{Value, json};

use crate::access::{Admin, AuthKind, Interactive, Principal, Proof, SessionUses};
use crate::base::time;
use crate::domain::accounts::view;
use crate::domain::{Error, Result, write_as};
use crate::protocol::sessions::{EndedSessions, Session as Body};
use crate::store::audit::{self, Action, Actor};
use crate::store::sessions::{self, Session};
use crate::store::{Snapshot, Store, StoreError};

/// Returns the caller's sessions, the last used first.
pub fn own_sessions(snapshot: &Snapshot, uses: &SessionUses, caller: &Principal) -> Vec<Body> {
    list(snapshot, uses, &caller.user().id, current(caller))
}

/// Returns the sessions of a user, the last used first.
pub fn sessions_of(snapshot: &Snapshot, uses: &SessionUses, admin: &Admin, user_id: &str) -> Result<Vec<Body>> {
    view::existing(snapshot, user_id)?;
    Ok(list(snapshot, uses, user_id, current(admin)))
}

fn list(snapshot: &Snapshot, uses: &SessionUses, user_id: &str, current: Option<&str>) -> Vec<Body> {
    let own = snapshot.sessions.values().filter(|session| session.user_id == user_id);
    let mut sessions: Vec<Session> = own.filter_map(|session| uses.live(session)).collect();
    sessions.sort_by(|a, b| b.last_used_at.cmp(&a.last_used_at).then_with(|| a.id.cmp(&b.id)));
    sessions.into_iter().map(|session| body(session, current)).collect()
}

fn body(session: Session, current: Option<&str>) -> Body {
    Body {
        is_current: current == Some(session.id.as_str()),
        id: session.id,
        method: session.method,
        created_at: session.created_at.map(time::spaced),
        expires_at: session.expires_at.map(time::spaced),
        last_used_at: session.last_used_at.map(time::spaced),
        last_used_ip: session.last_used_ip,
        user_agent: session.user_agent,
    }
}

/// The id of the session that the caller uses.
fn current(caller: &Principal) -> Option<&str> {
    match caller.kind() {
        AuthKind::Session(id) => id.as_deref(),
        _ => None,
    }
}

/// Ends one of the caller's sessions.
pub async fn end_own_session(store: &Store, caller: &Interactive, id: String) -> Result<()> {
    end(store, caller, caller.actor(), Action::SessionEnd, &caller.user().id, id).await
}

/// Ends a session of any user.
pub async fn end_session_of(store: &Store, admin: &Admin, user_id: &str, id: String) -> Result<()> {
    end(store, admin, admin.actor(), Action::SessionAdminEnd, user_id, id).await
}

async fn end(store: &Store, by: &impl Proof, actor: Actor, action: Action, user_id: &str, id: String) -> Result<()> {
    let owner = user_id.to_owned();
    let written = write_as(store, by.clone(), move |change| {
        if change.snapshot().sessions.get(&id).is_none_or(|session| session.user_id != owner) {
            return Err(Error::not_found("Session not found"));
        }
        sessions::end(change, &id)?;
        let details = if action == Action::SessionEnd { Value::Null } else { json!({ "owner_id": owner }) };
        Ok(audit::record(change, &actor, action, &format!("session:{id}"), details)?)
    });
    written.await
}

/// Ends the caller's sessions, except for the one in use.
pub async fn end_other_sessions(store: &Store, caller: &Interactive) -> Result<EndedSessions> {
    let keep = current(caller).map(str::to_owned);
    end_all(store, caller, caller.actor(), Action::SessionEnd, &caller.user().id, keep).await
}

/// Ends all sessions of a user. An admin's own one goes on.
pub async fn end_sessions_of(store: &Store, admin: &Admin, user_id: &str) -> Result<EndedSessions> {
    view::existing(&store.snapshot(), user_id)?;
    end_all(store, admin, admin.actor(), Action::SessionAdminEnd, user_id, current(admin).map(str::to_owned)).await
}

async fn end_all(
    store: &Store,
    by: &impl Proof,
    actor: Actor,
    action: Action,
    user_id: &str,
    keep: Option<String>,
) -> Result<EndedSessions> {
    let owner = user_id.to_owned();
    let written = write_as(store, by.clone(), move |change| {
        let snapshot = change.snapshot();
        let own = snapshot.sessions.values().filter(|session| session.user_id == owner);
        let others: Vec<&str> =
            own.map(|session| session.id.as_str()).filter(|id| keep.as_deref() != Some(id)).collect();
        for id in &others {
            sessions::end(change, id)?;
        }
        let ended = others.len();
        audit::record(change, &actor, action, &format!("user:{owner}"), json!({ "ended": ended }))?;
        Ok(EndedSessions { ended })
    });
    written.await
}

/// Stores when sessions were last used, as far as it is not stored yet.
pub async fn record_session_uses(store: &Store, uses: &SessionUses) -> Result<(), StoreError> {
    let unwritten = uses.unwritten();
    if unwritten.is_empty() {
        return Ok(());
    }
    let written = unwritten.clone();
    store.write(move |change| sessions::used(change, &unwritten)).await?;
    uses.written(&written);
    Ok(())
}
