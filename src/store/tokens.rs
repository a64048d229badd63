//! Personal access tokens, kept as hashes.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::snapshot::Parts;
use super::{Change, StoreError, row};
use crate::engine::{self, Connection, params};

/// A token as stored; the token itself is known to its owner only.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: String,
    pub user_id: String,
    pub name: String,
    /// The first 8 hex digits of the id.
    pub prefix: String,
    /// SHA-256 of the whole token, 64 hex digits.
    pub token_hash: String,
    /// Names with blanks between them; tokens of v0.35 have none here.
    pub scopes: Option<String>,
    pub created_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<Timestamp>,
}

/// A use of a token.
#[derive(Clone, Debug)]
pub struct Use {
    pub at: Timestamp,
    pub ip: Option<IpAddr>,
}

/// Stores the last use of each token. A use that is older than the stored one is no news.
pub fn used(change: &Change<'_>, uses: &HashMap<String, Use>) -> Result<(), StoreError> {
    for (id, Use { at, ip }) in uses {
        change.execute(
            "UPDATE personal_access_tokens
             SET last_used_at = make_timestamp(?::BIGINT), last_used_ip = coalesce(?, last_used_ip)
             WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= make_timestamp(?::BIGINT))",
            params![at.as_microsecond(), ip.map(|ip| ip.to_string()), id, at.as_microsecond()],
        )?;
    }
    change.touch(Parts::TOKENS);
    Ok(())
}

pub(super) fn load(connection: &Connection) -> engine::Result<HashMap<String, Token>> {
    connection
        .prepare(
            "SELECT id, user_id, name, prefix, token_hash, scopes, epoch_us(created_at), epoch_us(expires_at),
                    epoch_us(last_used_at), last_used_ip, epoch_us(revoked_at)
             FROM personal_access_tokens",
        )?
        .query_map([], |row| {
            let id: String = row.get(0)?;
            let token = Token {
                id: id.clone(),
                user_id: row.get(1)?,
                name: row.get(2)?,
                prefix: row.get(3)?,
                token_hash: row.get(4)?,
                scopes: row.get(5)?,
                created_at: row::time(row, 6)?,
                expires_at: row::time(row, 7)?,
                last_used_at: row::time(row, 8)?,
                last_used_ip: row.get(9)?,
                revoked_at: row::time(row, 10)?,
            };
            Ok((id, token))
        })?
        .collect()
}
