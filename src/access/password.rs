//! Passwords at rest: argon2id with OWASP's parameters. Both functions take tens of milliseconds and 19 MiB (more for
//! hashes that v0.35 made), so callers run them on a bounded pool.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use crate::base::secret::Secret;

/// The C library returns allocations of more than 32 MiB to the operating system when they are freed, and retains
/// smaller ones for each thread that ever hashed. So this much is allocated, and only what is needed is touched.
const MIN_ALLOCATION_BYTES: usize = 33 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the stored password hash cannot be read")]
    Unreadable,
    #[error("cannot hash the password: {0}")]
    Hash(String),
}

/// Hashes a password with a new salt, in PHC format.
pub fn hash(password: &str) -> Result<Secret, PasswordError> {
    let failed = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    let mut salt = [0_u8; 16];
    rand::fill(&mut salt);
    let params = Params::default();
    let mut key = [0_u8; Params::DEFAULT_OUTPUT_LEN];
    derive(password, &Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()), &salt, &mut key)
        .map_err(|error| failed(&error))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| failed(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| failed(&error))?),
        hash: Some(Output::new(&key).map_err(|error| failed(&error))?),
    };
    Ok(Secret::new(hash.to_string()))
}

/// Whether the password matches; the parameters are those of the stored hash.
pub fn verify(password: &str, stored: &Secret) -> Result<bool, PasswordError> {
    let unreadable = || PasswordError::Unreadable;
    let hash = PasswordHash::new(stored.expose()).map_err(|_| unreadable())?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| unreadable())?;
    let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(|_| unreadable())?;
    let params = Params::try_from(&hash).map_err(|_| unreadable())?;
    let (salt, expected) = hash.salt.zip(hash.hash).ok_or_else(unreadable)?;
    let mut key = vec![0; expected.len()];
    derive(password, &Argon2::new(algorithm, version, params), salt.as_ref(), &mut key).map_err(|_| unreadable())?;
    Ok(key.ct_eq(expected.as_bytes()).into())
}

/// Whether a hash was made with other parameters than [`hash`] uses now.
pub fn is_outdated(stored: &Secret) -> bool {
    let Ok(hash) = PasswordHash::new(stored.expose()) else { return false };
    let current = Params::default();
    hash.algorithm != Algorithm::Argon2id.ident()
        || Params::try_from(&hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                != (current.m_cost(), current.t_cost(), current.p_cost())
        })
}

fn derive(password: &str, argon2: &Argon2<'_>, salt: &[u8], key: &mut [u8]) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    let mut memory = Vec::with_capacity(blocks.max(MIN_ALLOCATION_BYTES / size_of::<Block>()));
    memory.resize(blocks, Block::default());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, key, &mut memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_right_password_and_hashes_of_v0_35() {
        let stored = hash("correct horse").unwrap();
        assert!(verify("correct horse", &stored).unwrap());
        assert!(!verify("wrong horse", &stored).unwrap());
        assert!(verify("x", &Secret::new("nonsense")).is_err());
        let old = "$argon2id$v=19$m=65536,t=3,p=4$DcM9ufjBWgeMeL53PLMIzw$Mj8Pb6O9oSMoe9dYXFDcskaqpHPbXOGp6F9m+lDaZzg";
        assert!(verify("battery staple 2", &Secret::new(old)).unwrap());
    }

    /// Other implementations read our hashes, and we read theirs.
    #[test]
    fn uses_the_common_phc_format() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let ours = hash("correct horse").unwrap();
        assert!(ours.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", ours.expose());
        let parsed = PasswordHash::new(ours.expose()).unwrap();
        Argon2::default().verify_password(b"correct horse", &parsed).unwrap();
        let theirs: PasswordHash = Argon2::default().hash_password(b"battery staple").unwrap();
        assert!(verify("battery staple", &Secret::new(theirs.to_string())).unwrap());
    }
}
