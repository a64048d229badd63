//! Passwords at rest: argon2id with OWASP's parameters. Both functions take tens of milliseconds and 19 MiB (more for
//! hashes that v0.35 made), so callers run them on a bounded pool.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::base::secret::Secret;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the stored password hash cannot be read")]
    Unreadable,
    #[error("cannot hash the password: {0}")]
    Hash(String),
}

/// The hash of a password in PHC form, with a fresh salt.
pub fn hash(password: &str) -> Result<Secret, PasswordError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| Secret::new(hash.to_string()))
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether the password fits; the parameters are those of the stored hash.
pub fn verify(password: &str, stored: &Secret) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(stored.expose()).map_err(|_| PasswordError::Unreadable)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_only_the_right_password_and_hashes_of_v0_35() {
        let stored = hash("correct horse").unwrap();
        assert!(verify("correct horse", &stored).unwrap());
        assert!(!verify("wrong horse", &stored).unwrap());
        assert!(verify("x", &Secret::new("nonsense")).is_err());
        let old = "$argon2id$v=19$m=65536,t=3,p=4$DcM9ufjBWgeMeL53PLMIzw$Mj8Pb6O9oSMoe9dYXFDcskaqpHPbXOGp6F9m+lDaZzg";
        assert!(verify("battery staple 2", &Secret::new(old)).unwrap());
    }
}
