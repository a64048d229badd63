//! Personal access tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a token may be used for. In requests the case does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case", ascii_case_insensitive)]
pub enum Scope {
    /// Everything that its owner may do, except for creating tokens.
    General,
    /// The same without administration. It can revoke no token but itself.
    NoAdmin,
    /// Like `no-admin`, for at most one hour: sets up an analyst's machine.
    BootstrapAnalyst,
}

/// `POST /auth/tokens`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateToken {
    /// Shown in lists.
    pub name: String,
    /// 1 to 3650; null for a token that does not expire.
    #[serde(default = "ninety")]
    #[schema(default = 90)]
    pub expires_in_days: Option<i64>,
    /// Takes precedence over the days.
    pub ttl_seconds: Option<i64>,
    /// `general`, `no-admin` (no administration) or `bootstrap-analyst` (no administration, at most one hour).
    #[serde(default = "general")]
    #[schema(default = "general")]
    pub scope: String,
}

/// The default if the field is absent; null is a value of its own.
fn ninety() -> Option<i64> {
    Some(90)
}

fn general() -> String {
    "general".into()
}

/// A new token. It is shown only once.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct CreatedToken {
    pub id: String,
    pub name: String,
    /// The first 8 digits of the id.
    pub prefix: String,
    pub token: String,
    pub expires_at: Option<String>,
    pub created_at: String,
}

/// A token as its owner sees it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub created_at: Option<String>,
    pub expires_at: Option<String>,
    pub last_used_at: Option<String>,
    pub revoked_at: Option<String>,
    /// As it was requested; null for tokens of v0.35.
    pub scope: Option<String>,
    /// Why the token opens nothing, apart from its end: its scope is unknown.
    pub problem: Option<String>,
}

/// A token as admins see it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct OwnedToken {
    #[serde(flatten)]
    pub token: Token,
    pub user_id: String,
    /// Null if the owner was deleted.
    pub user_email: Option<String>,
    pub last_used_ip: Option<String>,
}
