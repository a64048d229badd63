//! What addresses, names and passwords must look like.

use super::Error;
use crate::store::SCHEDULER_EMAIL;

/// Shortest password in characters.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Longest password in bytes; hashing more would be work for nothing.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The address without blanks around it.
pub fn email(text: &str) -> Result<String, Error> {
    let email = text.trim();
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let odd = email.chars().any(|c| c.is_whitespace() || c.is_control()) || email.len() > 254;
    if local.is_empty() || domain.is_empty() || odd {
        return Err(Error::invalid("email must be an address like name@example.com"));
    }
    if is_service_account(email) {
        return Err(Error::invalid(format!("{SCHEDULER_EMAIL} is the scheduler's own account; use another address")));
    }
    Ok(email.to_owned())
}

/// Whether nobody signs in with this address: its secret comes from the environment.
pub fn is_service_account(email: &str) -> bool {
    email.eq_ignore_ascii_case(SCHEDULER_EMAIL)
}

/// A display name without blanks around it.
pub fn name(text: &str) -> Result<String, Error> {
    short("name", text, 200)
}

/// A text of at most `max` characters, without blanks around it.
pub fn short(field: &str, text: &str, max: usize) -> Result<String, Error> {
    let text = text.trim();
    limit(field, text, max)?;
    Ok(text.to_owned())
}

/// Refuses a text of more than `max` characters.
pub fn limit(field: &str, text: &str, max: usize) -> Result<(), Error> {
    if text.chars().count() > max {
        return Err(Error::field(field, format!("{field} must have at most {max} characters"), text));
    }
    Ok(())
}

pub fn password(text: &str) -> Result<(), Error> {
    if text.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Error::invalid("Password must be at least 8 characters"));
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(Error::invalid(format!("Password must be at most {MAX_PASSWORD_BYTES} bytes")));
    }
    Ok(())
}
