//! Session tokens: JWTs signed with HS256, with the claims of v0.35.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::base::secret::Secret;
use crate::base::time;

/// How long a session lasts.
const SESSION_SECONDS: i64 = 86_400;

/// The key that signs and checks tokens.
pub struct Keys {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

/// The claims that matter here; others are ignored.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Claims {
    pub sub: String,
    #[serde(default)]
    pub email: String,
    /// `session` or `pat`; anything but `pat` counts as a session.
    #[serde(default)]
    pub typ: String,
    #[serde(default)]
    pub iat: Option<i64>,
    #[serde(default)]
    pub jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(default, skip_serializing)]
    pub aud: Option<serde_json::Value>,
}

/// A fresh session token.
pub struct Issued {
    pub token: Secret,
    pub expires_at: Timestamp,
}

impl Keys {
    pub fn new(secret: &Secret) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        // A personal token without expiry carries no `exp`.
        validation.required_spec_claims.clear();
        Self {
            signing: EncodingKey::from_secret(secret.expose().as_bytes()),
            checking: DecodingKey::from_secret(secret.expose().as_bytes()),
            validation,
        }
    }

    /// A session for a user, 24 hours long.
    pub fn issue_session(&self, user_id: &str, email: &str) -> Result<Issued, jsonwebtoken::errors::Error> {
        let now = Timestamp::now().as_second();
        let claims = Claims {
            sub: user_id.to_owned(),
            email: email.to_owned(),
            typ: "session".into(),
            iat: Some(now),
            jti: Some(uuid::Uuid::new_v4().simple().to_string()),
            exp: Some(now + SESSION_SECONDS),
            aud: None,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?;
        Ok(Issued { token: Secret::new(token), expires_at: time::from_micros((now + SESSION_SECONDS) * 1_000_000) })
    }

    /// The claims of a token that we signed and that is valid now.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.checking, &self.validation).ok()?.claims;
        let from_the_future = claims.iat.is_some_and(|iat| iat > Timestamp::now().as_second());
        // A token with an audience was made for somebody else.
        (!from_the_future && claims.aud.is_none()).then_some(claims)
    }
}
