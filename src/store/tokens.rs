//! Personal access tokens, stored as hashes.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::base::time;
use crate::engine::{self, Row, params};

/// How many revoked and expired tokens stay in the snapshot, those that ended last, so that whoever still uses one learns
/// why it is refused. Others are as unknown as if they had never existed; lists, which read the database, show them.
const RETAINED_ENDED: i64 = 1_000;

/// What authentication needs to know of a token.
#[derive(Clone, Debug)]
pub struct Credential {
    pub user_id: String,
    /// SHA-256 of the whole token, 64 hex digits.
    pub token_hash: String,
    /// What it may be used for; tokens of v0.35 have it in the token itself only.
    pub scopes: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub last_used_ip: Option<IpAddr>,
    pub is_revoked: bool,
}

/// A token as lists show it; only its owner knows the token itself.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: String,
    pub user_id: String,
    pub name: String,
    /// The first 8 hex digits of the id.
    pub prefix: String,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<Timestamp>,
    /// What it may be used for; null for tokens of v0.35.
    pub scopes: Option<String>,
}

/// A use of a token.
#[derive(Clone, Debug)]
pub struct Use {
    pub at: Timestamp,
    pub ip: Option<IpAddr>,
}

/// A token to store. It is issued first, because the row holds its hash.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub id: String,
    pub user_id: String,
    pub name: String,
    /// SHA-256 of the whole token, 64 hex digits.
    pub token_hash: String,
    pub scopes: String,
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// The part of the id that lists show.
    pub fn prefix(&self) -> String {
        self.id.chars().filter(|c| *c != '-').take(8).collect()
    }
}

/// How many valid tokens one person may have.
const MAX_VALID: i64 = 200;
/// How many revoked and expired tokens of one person stay in lists, those that were created last.
const LISTED_ENDED: i64 = 500;

/// Adds a token, unless its owner has many. Returns when it was created.
pub fn insert(change: &Change<'_>, token: &NewToken) -> Result<Timestamp> {
    let now = change.now.as_microsecond();
    let valid: i64 = change.one(
        "SELECT count(*) FROM personal_access_tokens
         WHERE user_id = ? AND revoked_at IS NULL AND coalesce(expires_at > make_timestamp(?::BIGINT), true)",
        params![token.user_id, now],
        |row| row.get(0),
    )?;
    if valid >= MAX_VALID {
        return Err(StoreError::Conflict(format!("You have {valid} tokens; revoke some that you do not need")));
    }
    change.run(
        "DELETE FROM personal_access_tokens WHERE id IN (
             SELECT id FROM personal_access_tokens
             WHERE user_id = ? AND (revoked_at IS NOT NULL OR expires_at <= make_timestamp(?::BIGINT))
             ORDER BY created_at DESC, id DESC OFFSET ?)",
        params![token.user_id, now, LISTED_ENDED],
    )?;
    let NewToken { id, user_id, name, token_hash, scopes, expires_at } = token;
    let expires_at = row::micros(*expires_at);
    change.run(
        "INSERT INTO personal_access_tokens (id, user_id, name, token_hash, prefix, scopes, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT), make_timestamp(?::BIGINT))",
        params![id, user_id, name, token_hash, token.prefix(), scopes, change.now.as_microsecond(), expires_at],
    )?;
    Ok(change.now)
}

/// Revokes a token; if `owner` is given, only a token of theirs. Returns the owner, or `None` if it was revoked already.
pub fn revoke(change: &Change<'_>, id: &str, owner: Option<&str>) -> Result<Option<String>> {
    let stored: Option<(String, bool)> =
        change.find("SELECT user_id, revoked_at IS NULL FROM personal_access_tokens WHERE id = ?", [id], |row| {
            row.try_into()
        })?;
    let (user_id, is_valid) = stored
        .filter(|(user_id, _)| owner.is_none_or(|owner| owner == user_id))
        .ok_or_else(|| StoreError::NotFound("Token not found".into()))?;
    if !is_valid {
        return Ok(None);
    }
    change.run(
        "UPDATE personal_access_tokens SET revoked_at = make_timestamp(?::BIGINT) WHERE id = ?",
        params![change.now.as_microsecond(), id],
    )?;
    Ok(Some(user_id))
}

/// Stores the last use of each token, unless the stored one is newer.
pub fn used(change: &Change<'_>, uses: &HashMap<String, Use>) -> Result<()> {
    for (id, Use { at, ip }) in uses {
        change.run(
            "UPDATE personal_access_tokens
             SET last_used_at = make_timestamp(?::BIGINT), last_used_ip = coalesce(?, last_used_ip)
             WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= make_timestamp(?::BIGINT))",
            params![at.as_microsecond(), ip.map(|ip| ip.to_string()), id, at.as_microsecond()],
        )?;
    }
    Ok(())
}

/// The tokens that authentication knows, by id.
pub(super) fn load(reader: &Reader<'_>) -> engine::Result<HashMap<String, Credential>> {
    reader.list(
        "SELECT user_id, token_hash, scopes, epoch_us(expires_at), last_used_ip, revoked_at IS NOT NULL, id
         FROM (SELECT *, least(revoked_at, expires_at) AS ended_at, make_timestamp(?::BIGINT) AS now
               FROM personal_access_tokens)
         QUALIFY coalesce(ended_at > now, true)
             OR row_number() OVER (PARTITION BY ended_at > now ORDER BY ended_at DESC) <= ?",
        [time::now().as_microsecond(), RETAINED_ENDED],
        |row| {
            let credential: engine::Result<Credential> = read_row!(row => Credential {
                user_id, token_hash, scopes, expires_at: row::time, last_used_ip: read_ip, is_revoked
            });
            Ok((row.get(6)?, credential?))
        },
    )
}

fn read_ip(row: &Row<'_>, index: usize) -> engine::Result<Option<IpAddr>> {
    Ok(row.get::<_, Option<String>>(index)?.and_then(|ip| ip.parse().ok()))
}

/// Every token, or those of one user, newest first.
pub fn list(reader: &Reader<'_>, owner: Option<&str>) -> engine::Result<Vec<Token>> {
    reader.list(
        "SELECT id, user_id, name, prefix, epoch_us(created_at), epoch_us(expires_at), epoch_us(last_used_at),
                last_used_ip, epoch_us(revoked_at), scopes
         FROM personal_access_tokens WHERE ?1 IS NULL OR user_id = ?1 ORDER BY created_at DESC, id DESC",
        [owner],
        read_row!(as Token {
            id, user_id, name, prefix, created_at: row::time, expires_at: row::time, last_used_at: row::time,
            last_used_ip, revoked_at: row::time, scopes
        }),
    )
}
