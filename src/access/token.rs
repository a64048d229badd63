//! Session tokens: JWTs signed with HS256, with the claims of v0.35.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::base::secret::Secret;
use crate::base::time;
use crate::config::secrets::{PreviousKey, SigningKeys};

/// Why a token could not be made.
pub type SigningError = jsonwebtoken::errors::Error;

/// How long a session lasts.
pub const SESSION_SECONDS: i64 = 86_400;

/// The keys that sign and check tokens. After a rotation the key before still checks, until the sessions that it signed
/// are over.
pub struct Keys {
    signing: EncodingKey,
    checking: Vec<CheckingKey>,
    validation: Validation,
}

struct CheckingKey {
    key: DecodingKey,
    /// Then it does not count any more; `None`: it does for as long as it is here.
    until: Option<Timestamp>,
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
    /// What a personal token may be used for; see [`super::Scopes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The user's token version when a session began; tokens of v0.35 have none and count as version 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ver: Option<i64>,
    /// Signed by none of our keys.
    #[serde(skip)]
    pub foreign: bool,
    #[serde(default, skip_serializing)]
    pub aud: Option<serde_json::Value>,
}

/// A fresh session token.
pub struct Issued {
    pub token: Secret,
    pub expires_at: Timestamp,
}

/// What a personal token will say.
pub struct PersonalToken<'a> {
    /// Id of its row.
    pub id: &'a str,
    pub user_id: &'a str,
    pub email: &'a str,
    pub scope: &'a str,
    /// `None`: it does not end by itself.
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

    /// A session of a user, 24 hours long, for as long as the user's token version stays `version`.
    pub fn issue_session(&self, user_id: &str, email: &str, version: i64) -> Result<Issued, SigningError> {
        let now = Timestamp::now().as_second();
        let exp = now + SESSION_SECONDS;
        let claims = Claims {
            sub: user_id.to_owned(),
            email: email.to_owned(),
            typ: "session".into(),
            iat: Some(now),
            jti: Some(uuid::Uuid::new_v4().simple().to_string()),
            exp: Some(exp),
            scope: None,
            // Left out at 0, so that v0.35 could have made it.
            ver: (version != 0).then_some(version),
            foreign: false,
            aud: None,
        };
        Ok(Issued { token: self.sign(&claims)?, expires_at: time::from_micros(exp * 1_000_000) })
    }

    /// A personal token; it counts only once its hash is stored.
    pub fn issue_personal(&self, token: &PersonalToken<'_>) -> Result<Secret, SigningError> {
        self.sign(&Claims {
            sub: token.user_id.to_owned(),
            email: token.email.to_owned(),
            typ: "pat".into(),
            iat: Some(Timestamp::now().as_second()),
            jti: Some(token.id.to_owned()),
            exp: token.expires_at.map(Timestamp::as_second),
            scope: Some(token.scope.to_owned()),
            ver: None,
            foreign: false,
            aud: None,
        })
    }

    fn sign(&self, claims: &Claims) -> Result<Secret, SigningError> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signing).map(Secret::new)
    }

    /// The claims of a token that is valid now and that we signed.
    ///
    /// A personal token outlives its key: what proves it is the stored hash of the whole token. So the claims of one
    /// that another key signed are returned too, marked `foreign`, for [`super::Authenticator`] to look that hash up.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        let now = Timestamp::now();
        let signed = self
            .checking
            .iter()
            .filter(|key| key.until.is_none_or(|until| until > now))
            .find_map(|key| Some(jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation).ok()?.claims));
        let claims = signed.or_else(|| foreign_personal(token))?;
        let from_the_future = claims.iat.is_some_and(|iat| iat > now.as_second());
        // A token with an audience was made for somebody else.
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
    fn a_running_server_forgets_the_key_before() {
        let (old, new) = ("an old key of 32 characters or more", "a new key of 32 characters or more");
        let session = keys(old, old, None).issue_session("ann", "ann@example.com", 0).unwrap().token;
        let is_taken = |until| keys(new, old, until).check(session.expose()).is_some();
        let now = Timestamp::now();
        assert!(is_taken(Some(now + std::time::Duration::from_secs(60))));
        assert!(!is_taken(Some(now)));
        assert!(is_taken(None), "for as long as the environment names it");
    }

    /// What a key signed that we do not know is taken for a personal token at most, and only to look it up.
    #[test]
    fn sessions_of_other_keys_are_not_taken() {
        let (ours, theirs) = ("our key, of 32 characters or more", "their key, of 32 characters or more");
        let (ours, theirs) = (keys(ours, ours, None), keys(theirs, theirs, None));
        let session = theirs.issue_session("ann", "ann@example.com", 0).unwrap().token;
        assert!(ours.check(session.expose()).is_none());
        let personal = PersonalToken { id: "1", user_id: "ann", email: "", scope: "general", expires_at: None };
        let personal = theirs.issue_personal(&personal).unwrap();
        assert!(ours.check(personal.expose()).is_some_and(|claims| claims.foreign));
        assert!(theirs.check(personal.expose()).is_some_and(|claims| !claims.foreign));
    }
}
