use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::base::secret::Secret;
use crate::cli::CliError;

/// Unverified claims of a JWT: only the server can check them.
#[derive(Debug, Deserialize)]
pub struct Claims {
    email: Option<String>,
    exp: Option<i64>,
    #[serde(default)]
    typ: Option<String>,
}

impl Claims {
    pub fn of(token: &Secret) -> Result<Self, CliError> {
        let bad = || {
            CliError::new("bad_token", "the token is not a JWT (three parts with dots between them)")
                .hint("Copy the whole token, without quotes or line breaks.")
        };
        let parts: Vec<&str> = token.expose().split('.').collect();
        let [_, claims, _] = parts[..] else { return Err(bad()) };
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).map_err(|_| bad())?;
        serde_json::from_slice(&claims).map_err(|_| bad())
    }

    pub fn email(&self) -> Option<&str> {
        self.email.as_deref().filter(|email| !email.is_empty())
    }

    pub fn expires_at(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.exp?).ok()
    }

    /// Signing out ends sessions only.
    pub fn is_personal_token(&self) -> bool {
        self.typ.as_deref() == Some("pat")
    }
}
