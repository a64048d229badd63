//! Personal access tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Words: `bootstrap-analyst` (at most one hour, no administration), `no-admin`, and any others as labels.
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
