//! The key that signs session tokens: from the environment, else generated once and kept with mode 0600.

use super::{DataDir, Environment, env_vars};
use crate::base::{atomic_file, random, secret::Secret};

/// Resolves the JWT key. A key shorter than 32 characters is used, with a warning.
pub fn jwt_key(env: &Environment, data_dir: &DataDir) -> std::io::Result<Secret> {
    let key = match env.secret(&env_vars::JWT_SECRET_KEY) {
        Some(key) => key,
        None => kept(&data_dir.jwt_secret())?,
    };
    if key.expose().len() < 32 {
        tracing::warn!("JWT_SECRET_KEY is shorter than 32 characters; sessions can be forged more easily");
    }
    Ok(key)
}

fn kept(path: &std::path::Path) -> std::io::Result<Secret> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let key = random::hex(32);
    atomic_file::write(path, key.as_bytes(), atomic_file::PRIVATE)?;
    Ok(Secret::new(key))
}
