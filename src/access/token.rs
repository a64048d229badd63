//! Session and personal tokens: JWTs signed with HS256, with the claims of v0.35.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::base::secret::Secret;
use crate::config::secrets::{PreviousKey, SigningKeys};

/// Why a token cannot be signed.
pub type SigningError = jsonwebtoken::errors::Error;

/// How long a session lasts.
pub const SESSION_SECONDS: i64 = 86_400;

/// A new id for a session.
pub fn session_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The keys that sign and verify tokens. After a rotation the previous key still verifies, until the sessions that it
/// signed have expired.
pub struct Keys {
    signing: EncodingKey,
    checking: Vec<CheckingKey>,
    validation: Validation,
}

struct CheckingKey {
    key: DecodingKey,
    /// When it stops verifying; `None`: never.
    until: Option<Timestamp>,
}

/// The claims that are used here; others are ignored.
#[derive(Debug, Default, Deserialize, Serialize)]
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
    /// What a personal token may be used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The user's token version when a session began; tokens of v0.35 have none and count as version 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ver: Option<i64>,
    /// Not signed by any of our keys.
    #[serde(skip)]
    pub foreign: bool,
    #[serde(default, skip_serializing)]
    pub aud: Option<serde_json::Value>,
}

/// The contents of a personal token.
pub struct PersonalToken<'a> {
    /// Id of its row.
    pub id: &'a str,
    pub user_id: &'a str,
    pub email: &'a str,
    pub scope: &'a str,
    /// `None`: it does not expire.
    pub expires_at: Option<Timestamp>,
}

impl Keys {
    pub fn new(keys: &SigningKeys) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        // A personal token without expiry carries no `exp`.
        validation.required_spec_claims.clear();
        let checking =
            |key: &Secret, until| CheckingKey { key: DecodingKey::from_secret(key.expose().as_bytes()), until };
        let previous = keys.previous.iter().map(|PreviousKey { key, until }| checking(key, *until));
        Self {
            signing: EncodingKey::from_secret(keys.current.expose().as_bytes()),
            checking: std::iter::once(checking(&keys.current, None)).chain(previous).collect(),
            validation,
        }
    }

    /// A session token of a user. It is valid for 24 hours, while the user's token version stays `version`. `id` is that
    /// of a recorded session, or [`session_id`].
    pub fn issue_session(&self, id: &str, user_id: &str, email: &str, version: i64) -> Result<Secret, SigningError> {
        let now = Timestamp::now().as_second();
        self.sign(&Claims {
            sub: user_id.to_owned(),
            email: email.to_owned(),
            typ: "session".into(),
            iat: Some(now),
            jti: Some(id.to_owned()),
            exp: Some(now + SESSION_SECONDS),
            // Omitted at 0, as in tokens of v0.35.
            ver: (version != 0).then_some(version),
            ..Claims::default()
        })
    }

    /// A personal token. It is accepted only once its hash is stored.
    pub fn issue_personal(&self, token: &PersonalToken<'_>) -> Result<Secret, SigningError> {
        self.sign(&Claims {
            sub: token.user_id.to_owned(),
            email: token.email.to_owned(),
            typ: "pat".into(),
            iat: Some(Timestamp::now().as_second()),
            jti: Some(token.id.to_owned()),
            exp: token.expires_at.map(Timestamp::as_second),
            scope: Some(token.scope.to_owned()),
            ..Claims::default()
        })
    }

    fn sign(&self, claims: &Claims) -> Result<Secret, SigningError> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signing).map(Secret::new)
    }

    /// The claims of a token that is valid now and that we signed.
    ///
    /// A personal token outlives its key, because the stored hash of the whole token proves it. So the claims of one
    /// that another key signed are returned too, marked `foreign`, and [`super::Authenticator`] compares the hash.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        let now = Timestamp::now();
        let signed = self
            .checking
            .iter()
            .filter(|key| key.until.is_none_or(|until| until > now))
            .find_map(|key| Some(jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation).ok()?.claims));
        let claims = signed.or_else(|| foreign_personal(token))?;
        let from_the_future = claims.iat.is_some_and(|iat| iat > now.as_second());
        // A token with an audience was issued for another service.
        (!from_the_future && claims.aud.is_none()).then_some(claims)
    }
}

/// The claims of a personal token that has not expired, whoever signed it.
fn foreign_personal(token: &str) -> Option<Claims> {
    let data = jsonwebtoken::dangerous::insecure_decode::<Claims>(token).ok()?;
    let has_expired = data.claims.exp.is_some_and(|exp| exp <= Timestamp::now().as_second());
    let is_ours = data.header.alg == Algorithm::HS256 && data.claims.typ == "pat";
    (is_ours && !has_expired).then_some(Claims { foreign: true, ..data.claims })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(current: &str, previous: &str, until: Option<Timestamp>) -> Keys {
        let previous = vec![PreviousKey { key: Secret::new(previous), until }];
        Keys::new(&SigningKeys { current: Secret::new(current), previous })
    }

    #[test]
    fn a_running_server_drops_the_previous_key() {
        let (old, new) = ("an old key of 32 characters or more", "a new key of 32 characters or more");
        let session = keys(old, old, None).issue_session("s", "ann", "ann@example.com", 0).unwrap();
        let is_accepted = |until| keys(new, old, until).check(session.expose()).is_some();
        let now = Timestamp::now();
        assert!(is_accepted(Some(now + std::time::Duration::from_secs(60))));
        assert!(!is_accepted(Some(now)));
        assert!(is_accepted(None), "while the environment names it");
    }

    /// A token that an unknown key signed is accepted as a personal token only, and only for comparing its hash.
    #[test]
    fn sessions_of_other_keys_are_rejected() {
        let (ours, theirs) = ("our key, of 32 characters or more", "their key, of 32 characters or more");
        let (ours, theirs) = (keys(ours, ours, None), keys(theirs, theirs, None));
        let session = theirs.issue_session("s", "ann", "ann@example.com", 0).unwrap();
        assert!(ours.check(session.expose()).is_none());
        let personal = PersonalToken { id: "1", user_id: "ann", email: "", scope: "general", expires_at: None };
        let personal = theirs.issue_personal(&personal).unwrap();
        assert!(ours.check(personal.expose()).is_some_and(|claims| claims.foreign));
        assert!(theirs.check(personal.expose()).is_some_and(|claims| !claims.foreign));
    }
}
