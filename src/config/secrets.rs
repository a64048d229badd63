//! The keys that sign session tokens: from the environment, else generated and kept in files with mode 0600.
//!
//! After a rotation the key before goes on checking until the sessions that it signed are over.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use super::{DataDir, Environment, env_vars};
use crate::base::{atomic_file, random, secret::Secret};

/// How long the key before is good for: as long as a session.
const OVERLAP: Duration = Duration::from_secs(86_400);
/// In characters.
const SHORTEST: usize = 32;

/// The key that signs, and the one that signed before it.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    pub current: Secret,
    pub previous: Option<Secret>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot read or write the signing key in DATA_DIR/state: {0}")]
    File(#[from] io::Error),
    #[error(
        "{0} is shorter than {SHORTEST} characters, so sessions could be forged; \
         make one with `openssl rand -hex 32`, or unset it to have one generated"
    )]
    Short(&'static str),
    #[error(
        "the signing key comes from JWT_SECRET_KEY; to rotate it, set JWT_SECRET_KEY_PREVIOUS to its value and \
         JWT_SECRET_KEY to a new one, and restart the server"
    )]
    FromEnvironment,
}

/// Finds or makes the keys.
pub fn signing_keys(env: &Environment, data_dir: &DataDir) -> Result<SigningKeys, KeyError> {
    for var in [&env_vars::JWT_SECRET_KEY, &env_vars::JWT_SECRET_KEY_PREVIOUS] {
        if env.secret(var).is_some_and(|key| key.expose().len() < SHORTEST) {
            return Err(KeyError::Short(var.name));
        }
    }
    if let Some(current) = env.secret(&env_vars::JWT_SECRET_KEY) {
        return Ok(SigningKeys { current, previous: env.secret(&env_vars::JWT_SECRET_KEY_PREVIOUS) });
    }
    let path = data_dir.jwt_secret();
    let current = match read(&path)? {
        Some(key) => key,
        None => generate(&path)?,
    };
    let previous = match env.secret(&env_vars::JWT_SECRET_KEY_PREVIOUS) {
        Some(key) => Some(key),
        None => still_good(&data_dir.previous_jwt_secret())?,
    };
    Ok(SigningKeys { current, previous })
}

/// Puts a new key in place of the current one, which goes on checking for a day.
pub fn rotate(env: &Environment, data_dir: &DataDir) -> Result<SigningKeys, KeyError> {
    if env.secret(&env_vars::JWT_SECRET_KEY).is_some() {
        return Err(KeyError::FromEnvironment);
    }
    let before = signing_keys(env, data_dir)?.current;
    atomic_file::write(&data_dir.previous_jwt_secret(), before.expose().as_bytes(), atomic_file::PRIVATE)?;
    let current = generate(&data_dir.jwt_secret())?;
    Ok(SigningKeys { current, previous: Some(before) })
}

fn generate(path: &Path) -> io::Result<Secret> {
    let key = Secret::new(random::hex(32));
    atomic_file::write(path, key.expose().as_bytes(), atomic_file::PRIVATE)?;
    Ok(key)
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|key| !key.is_empty()).map(Secret::new)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key before, until a day after the rotation that wrote the file.
fn still_good(path: &Path) -> io::Result<Option<Secret>> {
    let Some(key) = read(path)? else { return Ok(None) };
    let age = fs::metadata(path)?.modified()?.elapsed().unwrap_or_default();
    Ok((age < OVERLAP).then_some(key))
}
