//! The keys that sign session tokens and encrypt second factors: from the environment, else generated and kept in files
//! with mode 0600.
//!
//! After a rotation the previous signing key still verifies until the sessions that it signed have expired. The previous
//! key of second factors is kept for copies of the state database.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::env_vars::{self, EnvVar};
use super::{DataDir, Environment};
use crate::base::atomic_file::{self, Pending, stage};
use crate::base::if_exists;
use crate::base::{random, secret::Secret};

/// How long the previous key is valid: as long as a session.
const OVERLAP: Duration = Duration::from_secs(86_400);
/// In characters.
const MIN_LENGTH: usize = 32;

/// The key that signs, and the ones that it replaced.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    pub current: Secret,
    pub previous: Vec<PreviousKey>,
}

/// A key that only verifies.
#[derive(Clone, Debug)]
pub struct PreviousKey {
    pub key: Secret,
    /// `None`: as long as it is set in the environment.
    pub until: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot read or write a key in DATA_DIR/state: {0}")]
    File(#[from] io::Error),
    #[error(
        "{0} is shorter than {MIN_LENGTH} characters, so sessions could be forged; \
         make one with `openssl rand -hex 32`, or unset it to have one generated"
    )]
    Short(&'static str),
    #[error(
        "the signing key comes from JWT_SECRET_KEY; to rotate it, set JWT_SECRET_KEY_PREVIOUS to its value and \
         JWT_SECRET_KEY to a new one, and restart the server"
    )]
    FromEnvironment,
}

/// The keys that the environment sets.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredKeys {
    current: Option<Secret>,
    previous: Option<Secret>,
    second_factor: Option<Secret>,
    previous_second_factor: Option<Secret>,
}

impl ConfiguredKeys {
    pub fn load(env: &Environment) -> Result<Self, KeyError> {
        let key = |var: &EnvVar| match env.secret(var) {
            Some(key) if key.expose().len() < MIN_LENGTH => Err(KeyError::Short(var.name)),
            key => Ok(key),
        };
        Ok(Self {
            current: key(&env_vars::JWT_SECRET_KEY)?,
            previous: key(&env_vars::JWT_SECRET_KEY_PREVIOUS)?,
            second_factor: key(&env_vars::AGNES_SECOND_FACTOR_KEY)?,
            previous_second_factor: key(&env_vars::AGNES_SECOND_FACTOR_KEY_PREVIOUS)?,
        })
    }
}

/// Reads the keys, or generates one.
pub fn signing_keys(configured: &ConfiguredKeys, data_dir: &DataDir) -> Result<SigningKeys, KeyError> {
    let previous = configured.previous.clone().map(|key| PreviousKey { key, until: None });
    let mut previous: Vec<PreviousKey> = previous.into_iter().collect();
    if let Some(current) = configured.current.clone() {
        return Ok(SigningKeys { current, previous });
    }
    let current = read_or_generate(&data_dir.jwt_secret())?;
    previous.extend(still_good(&data_dir.previous_jwt_secret())?);
    Ok(SigningKeys { current, previous })
}

/// The key that encrypts the secrets of second factors, and the one that it replaced.
#[derive(Clone, Debug)]
pub struct SecondFactorKeys {
    pub current: Secret,
    pub previous: Option<Secret>,
}

/// Reads the keys of second factors, or generates one.
pub fn second_factor_keys(configured: &ConfiguredKeys, data_dir: &DataDir) -> Result<SecondFactorKeys, KeyError> {
    Ok(match configured.second_factor.clone() {
        Some(current) => SecondFactorKeys { current, previous: configured.previous_second_factor.clone() },
        None => SecondFactorKeys {
            current: read_or_generate(&data_dir.second_factor_key())?,
            previous: read(&data_dir.previous_second_factor_key())?,
        },
    })
}

/// Replaces the key of second factors, unless the environment sets it. Nothing may be encrypted with the previous key any
/// more, which this forgets. Blocks.
pub fn rotate_second_factor_key(configured: &ConfiguredKeys, data_dir: &DataDir) -> Result<SecondFactorKeys, KeyError> {
    if configured.second_factor.is_none() {
        let path = data_dir.second_factor_key();
        let previous = stage(&data_dir.previous_second_factor_key(), read_or_generate(&path)?.expose().as_bytes())?;
        let current = stage(&path, random::hex(32).as_bytes())?;
        // In this order: an interruption between the two leaves the replaced key in use.
        previous.commit()?;
        current.commit()?;
    }
    second_factor_keys(configured, data_dir)
}

fn read_or_generate(path: &Path) -> io::Result<Secret> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = random::hex(32);
    atomic_file::write(path, key.as_bytes())?;
    Ok(Secret::new(key))
}

/// A new key in temporary files, which [`Rotation::commit`] puts into place.
///
/// The replaced key still verifies for a day; its predecessor does not. So a leaked key must be rotated twice.
#[derive(Debug)]
pub struct Rotation {
    configured: ConfiguredKeys,
    data_dir: DataDir,
    previous: Pending,
    current: Pending,
}

impl Rotation {
    /// Blocks. There may be one rotation at a time.
    pub fn stage(configured: ConfiguredKeys, data_dir: DataDir) -> Result<Self, KeyError> {
        if configured.current.is_some() {
            return Err(KeyError::FromEnvironment);
        }
        let replaced = signing_keys(&configured, &data_dir)?.current;
        let previous = stage(&data_dir.previous_jwt_secret(), replaced.expose().as_bytes())?;
        let current = stage(&data_dir.jwt_secret(), random::hex(32).as_bytes())?;
        Ok(Self { configured, data_dir, previous, current })
    }

    /// Blocks. In this order: an interruption between the two leaves the replaced key in use.
    pub fn commit(self) -> Result<SigningKeys, KeyError> {
        self.previous.commit()?;
        self.current.commit()?;
        signing_keys(&self.configured, &self.data_dir)
    }
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    let text = if_exists(fs::read_to_string(path))?.unwrap_or_default();
    Ok(Some(text.trim()).filter(|key| !key.is_empty()).map(Secret::new))
}

/// The previous key, until a day after the rotation that wrote the file.
fn still_good(path: &Path) -> io::Result<Option<PreviousKey>> {
    let Some(key) = read(path)? else { return Ok(None) };
    let rotated = Timestamp::try_from(fs::metadata(path)?.modified()?).unwrap_or(Timestamp::MIN);
    let until = rotated.saturating_add(OVERLAP).unwrap_or(Timestamp::MIN);
    Ok((until > Timestamp::now()).then_some(PreviousKey { key, until: Some(until) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_takes_effect_when_it_is_committed() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(dir.path().to_str().unwrap()).unwrap();
        let configured = ConfiguredKeys::load(&Environment::default()).unwrap();
        let keys = || signing_keys(&configured, &data_dir).unwrap();
        let before = keys();
        drop(Rotation::stage(configured.clone(), data_dir.clone()).unwrap());
        assert_eq!(keys().current.expose(), before.current.expose());
        let after = Rotation::stage(configured.clone(), data_dir.clone()).unwrap().commit().unwrap();
        assert_ne!(after.current.expose(), before.current.expose());
        assert_eq!(after.previous[0].key.expose(), before.current.expose());
        assert_eq!(keys().current.expose(), after.current.expose());
    }
}
