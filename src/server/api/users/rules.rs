//! What addresses and passwords must look like.

use crate::server::ApiError;
use crate::server::auth::credentials::LONGEST_PASSWORD;
use crate::server::error::FieldError;
use crate::store::SCHEDULER_EMAIL;

/// Shortest password in characters.
const PASSWORD_LENGTH: usize = 8;

/// The address without blanks around it.
pub fn email(text: &str) -> Result<String, ApiError> {
    let email = text.trim();
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let odd = email.chars().any(|c| c.is_whitespace() || c.is_control()) || email.len() > 254;
    if local.is_empty() || domain.is_empty() || odd {
        return Err(ApiError::bad_request("email must be an address like name@example.com"));
    }
    if is_service_account(email) {
        return Err(ApiError::bad_request(format!(
            "{SCHEDULER_EMAIL} is the scheduler's own account; use another address"
        )));
    }
    Ok(email.to_owned())
}

/// Whether nobody signs in with this address: its secret comes from the environment.
pub fn is_service_account(email: &str) -> bool {
    email.eq_ignore_ascii_case(SCHEDULER_EMAIL)
}

/// A display name without blanks around it.
pub fn name(text: &str) -> Result<String, ApiError> {
    short("name", text, 200)
}

/// A text of at most `most` characters, without blanks around it.
pub fn short(field: &str, text: &str, most: usize) -> Result<String, ApiError> {
    let text = text.trim();
    limit(field, text, most)?;
    Ok(text.to_owned())
}

/// Refuses a text of more than `most` characters.
pub fn limit(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    if text.chars().count() > most {
        let reason = format!("{field} must have at most {most} characters");
        return Err(ApiError::unprocessable(vec![FieldError::value(&["body", field], &reason, text)]));
    }
    Ok(())
}

pub fn password(text: &str) -> Result<(), ApiError> {
    if text.chars().count() < PASSWORD_LENGTH {
        return Err(ApiError::bad_request("Password must be at least 8 characters"));
    }
    if text.len() > LONGEST_PASSWORD {
        return Err(ApiError::bad_request(format!("Password must be at most {LONGEST_PASSWORD} bytes")));
    }
    Ok(())
}
