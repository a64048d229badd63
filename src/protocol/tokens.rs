//! Personal access tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /auth/tokens`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateToken {
    /// For the owner to tell tokens apart.
    pub name: String,
    /// 1 to 3650; null for a token that does not end by itself.
    #[serde(default = "ninety")]
    #[schema(default = 90)]
    pub expires_in_days: Option<i64>,
    /// Wins over the days.
    #[serde(default)]
    pub ttl_seconds: Option<i64>,
    /// Words: `bootstrap-analyst` (an hour at most, no administration) and `no-admin` mean something, others are labels.
    #[serde(default = "general")]
    #[schema(default = "general")]
    pub scope: String,
}

/// Null and absent mean different things.
fn ninety() -> Option<i64> {
    Some(90)
}

fn general() -> String {
    "general".into()
}

/// A fresh token. It is shown this once.
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

/// A token as its owner sees it later.
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
    /// Null when the owner is gone.
    pub user_email: Option<String>,
    pub last_used_ip: Option<String>,
}
