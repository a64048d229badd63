//! Second factors: authenticator apps, and the recovery codes that replace them.

use std::collections::HashMap;

use super::row::read_row;
use super::{Change, Reader, Result};
use crate::engine::{self, params};

/// The authenticator app of a user.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    pub user_id: String,
    /// The secret, sealed for this user.
    pub secret: String,
    /// Its owner has entered a code of it. Until then it is not asked for.
    pub is_confirmed: bool,
    /// The step whose code was accepted last.
    pub last_step: Option<i64>,
}

pub(super) fn load(reader: &Reader<'_>) -> engine::Result<HashMap<String, SecondFactor>> {
    let factors: Vec<SecondFactor> = reader.list(
        "SELECT user_id, secret, confirmed_at IS NOT NULL, last_step FROM second_factors",
        [],
        read_row!(as SecondFactor { user_id, secret, is_confirmed, last_step }),
    )?;
    Ok(factors.into_iter().map(|factor| (factor.user_id.clone(), factor)).collect())
}

/// Stores a secret that is not confirmed yet; it replaces the user's previous one.
pub fn begin(change: &Change<'_>, user_id: &str, secret: &str) -> Result<()> {
    remove(change, user_id)?;
    change.run(
        "INSERT INTO second_factors (user_id, secret, created_at) VALUES (?, ?, make_timestamp(?::BIGINT))",
        params![user_id, secret, change.now.as_microsecond()],
    )
}

/// Stores the same secret, sealed anew.
pub fn set_secret(change: &Change<'_>, user_id: &str, secret: &str) -> Result<()> {
    change.run("UPDATE second_factors SET secret = ? WHERE user_id = ?", params![secret, user_id])
}

/// From now on the factor is asked for.
pub fn confirm(change: &Change<'_>, user_id: &str) -> Result<()> {
    change.run(
        "UPDATE second_factors SET confirmed_at = make_timestamp(?::BIGINT) WHERE user_id = ?",
        params![change.now.as_microsecond(), user_id],
    )
}

/// Records that the code of a step was accepted.
pub fn use_step(change: &Change<'_>, user_id: &str, step: i64) -> Result<()> {
    change.run("UPDATE second_factors SET last_step = ? WHERE user_id = ?", params![step, user_id])
}

/// Removes the factor and its recovery codes. Returns whether there was one.
pub fn remove(change: &Change<'_>, user_id: &str) -> Result<bool> {
    change.run("DELETE FROM recovery_codes WHERE user_id = ?", [user_id])?;
    Ok(change.execute("DELETE FROM second_factors WHERE user_id = ?", [user_id])? > 0)
}

/// Replaces the recovery codes by those with these hashes.
pub fn set_recovery_codes(change: &Change<'_>, user_id: &str, hashes: &[String]) -> Result<()> {
    change.run("DELETE FROM recovery_codes WHERE user_id = ?", [user_id])?;
    for hash in hashes {
        change.run("INSERT INTO recovery_codes (user_id, code_hash) VALUES (?, ?)", params![user_id, hash])?;
    }
    Ok(())
}

/// Uses up the recovery code with this hash. Returns whether there was one.
pub fn use_recovery_code(change: &Change<'_>, user_id: &str, hash: &str) -> Result<bool> {
    let sql = "DELETE FROM recovery_codes WHERE user_id = ? AND code_hash = ?";
    Ok(change.execute(sql, params![user_id, hash])? > 0)
}
