//! Sessions, and the ids of those that were ended early. A JWT cannot be revoked, so its id is remembered until it would
//! have expired.
//!
//! Sessions that were started before they were recorded have no row; they last a day.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::tokens::Use;
use super::{Change, Reader, Result};
use crate::engine::{self, params};

/// A user's sessions beyond these end, the oldest first.
const MAX_PER_USER: usize = 100;

/// A session that has not been ended. It may have expired.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub user_id: String,
    /// How its user signed in.
    pub method: Option<String>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub user_agent: Option<String>,
}

/// By id.
pub type Sessions = HashMap<String, Arc<Session>>;

pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Sessions> {
    let sessions: Vec<Session> = reader.list(
        "SELECT id, user_id, method, epoch_us(created_at), epoch_us(expires_at), epoch_us(last_used_at), last_used_ip,
                user_agent
         FROM user_sessions",
        [],
        read_row!(as Session {
            id, user_id, method, created_at: row::time, expires_at: row::time, last_used_at: row::time, last_used_ip,
            user_agent
        }),
    )?;
    Ok(sessions.into_iter().map(|session| (session.id.clone(), Arc::new(session))).collect())
}

pub(super) fn load_revoked(reader: &Reader<'_>) -> engine::Result<HashSet<String>> {
    reader.list("SELECT jti FROM revoked_sessions", [], |row| row.get(0))
}

/// Adds a session, which begins now.
pub fn insert(change: &Change<'_>, session: &Session) -> Result<()> {
    let Session { id, user_id, method, expires_at, last_used_ip, user_agent, .. } = session;
    let (now, expires_at) = (change.now.as_microsecond(), row::micros(*expires_at));
    change.run(
        "INSERT INTO user_sessions
             (id, user_id, method, created_at, expires_at, last_used_at, last_used_ip, user_agent)
         VALUES (?, ?, ?, make_timestamp(?::BIGINT), make_timestamp(?::BIGINT), make_timestamp(?::BIGINT), ?, ?)",
        params![id, user_id, method, now, expires_at, now, last_used_ip, user_agent],
    )?;
    let newest: Vec<String> = change.list(
        "SELECT id FROM user_sessions WHERE user_id = ? ORDER BY created_at DESC, id = ? DESC",
        params![user_id, id],
        |row| row.get(0),
    )?;
    newest.iter().skip(MAX_PER_USER).try_for_each(|oldest| end(change, oldest).map(drop))
}

/// Ends one session before its time. Returns whether there was one.
pub fn end(change: &Change<'_>, id: &str) -> Result<bool> {
    change.run(
        "INSERT INTO revoked_sessions (jti, user_id, expires_at)
         SELECT id, user_id, expires_at FROM user_sessions WHERE id = ?",
        [id],
    )?;
    Ok(change.execute("DELETE FROM user_sessions WHERE id = ?", [id])? > 0)
}

/// Ends a session by its token alone: it need not be recorded.
pub fn revoke(change: &Change<'_>, jti: &str, user_id: &str, expires_at: Timestamp) -> Result<()> {
    change.run("DELETE FROM user_sessions WHERE id = ?", [jti])?;
    change.run(
        "INSERT INTO revoked_sessions (jti, user_id, expires_at) VALUES (?, ?, make_timestamp(?::BIGINT))",
        params![jti, user_id, expires_at.as_microsecond()],
    )
}

/// Forgets the sessions of a user that a new token version has ended.
pub(super) fn forget(change: &Change<'_>, user_id: &str) -> Result<()> {
    change.run("DELETE FROM user_sessions WHERE user_id = ?", [user_id])
}

/// Stores the last use of each session, unless the stored one is newer.
pub fn used(change: &Change<'_>, uses: &HashMap<String, Use>) -> Result<()> {
    for (id, Use { at, ip }) in uses {
        change.run(
            "UPDATE user_sessions
             SET last_used_at = make_timestamp(?::BIGINT), last_used_ip = coalesce(?, last_used_ip)
             WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= make_timestamp(?::BIGINT))",
            params![at.as_microsecond(), ip.map(|ip| ip.to_string()), id, at.as_microsecond()],
        )?;
    }
    Ok(())
}

/// Deletes what has expired.
pub(super) fn expire(change: &Change<'_>) -> Result<()> {
    for table in ["user_sessions", "revoked_sessions"] {
        let sql = format!("DELETE FROM {table} WHERE expires_at <= make_timestamp(?::BIGINT)");
        change.run(&sql, [change.now.as_microsecond()])?;
    }
    Ok(())
}
