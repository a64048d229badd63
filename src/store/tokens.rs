//! Personal access tokens, kept as hashes.

use std::collections::HashMap;

use jiff::Timestamp;

use super::row;
use crate::engine::{self, Connection};

/// A token as stored; the token itself is known to its owner only.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: String,
    pub user_id: String,
    /// SHA-256 of the whole token, 64 hex digits.
    pub token_hash: String,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

pub(super) fn load(connection: &Connection) -> engine::Result<HashMap<String, Token>> {
    connection
        .prepare(
            "SELECT id, user_id, token_hash, epoch_us(expires_at), epoch_us(revoked_at) FROM personal_access_tokens",
        )?
        .query_map([], |row| {
            let id: String = row.get(0)?;
            let token = Token {
                id: id.clone(),
                user_id: row.get(1)?,
                token_hash: row.get(2)?,
                expires_at: row::time(row, 3)?,
                revoked_at: row::time(row, 4)?,
            };
            Ok((id, token))
        })?
        .collect()
}
