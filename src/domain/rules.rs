//! What addresses, names and passwords must look like.

use super::{Error, Result};
use crate::store::SCHEDULER_EMAIL;

/// Minimum length of passwords, in characters.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Maximum length of passwords, in bytes. It limits the work of hashing.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Returns the e-mail address without surrounding white space, if it can be that of a user.
pub fn email(text: &str) -> Result<String> {
    let email = text.trim();
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let is_malformed = email.chars().any(|c| c.is_whitespace() || c.is_control()) || email.len() > 254;
    if local.is_empty() || domain.is_empty() || is_malformed {
        return Err(Error::invalid("email must be an address like name@example.com"));
    }
    if is_service_account(email) {
        return Err(Error::invalid(format!("{SCHEDULER_EMAIL} is the scheduler's own account; use another address")));
    }
    Ok(email.to_owned())
}

/// Returns whether the address is that of the scheduler's account, with which nobody signs in.
pub fn is_service_account(email: &str) -> bool {
    email.eq_ignore_ascii_case(SCHEDULER_EMAIL)
}

/// Returns a display name without surrounding white space.
pub fn name(text: &str) -> Result<String> {
    short("name", text, 200)
}

/// Returns a text of at most `max` characters without surrounding white space.
pub fn short(field: &str, text: &str, max: usize) -> Result<String> {
    let text = text.trim();
    limit(field, text, max)?;
    Ok(text.to_owned())
}

/// Checks that a text has at most `max` characters.
pub fn limit(field: &str, text: &str, max: usize) -> Result<()> {
    if text.chars().count() > max {
        return Err(Error::field(field, format!("{field} must have at most {max} characters"), text));
    }
    Ok(())
}

/// Checks that a password is neither too short nor too long.
pub fn password(text: &str) -> Result<()> {
    if text.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Error::invalid("Password must be at least 8 characters"));
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(Error::invalid(format!("Password must be at most {MAX_PASSWORD_BYTES} bytes")));
    }
    Ok(())
}
