use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /auth/token`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenRequest {
    pub email: String,
    #[serde(default)]
    pub password: String,
}

/// `POST /auth/bootstrap`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct BootstrapRequest {
    pub email: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub password: String,
}

/// A fresh session.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct TokenResponse {
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    pub user_id: String,
    pub email: String,
    /// `admin` or `user`; a label only.
    pub role: String,
}

/// `POST /auth/logout`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct LoggedOut {
    pub message: String,
}

/// `GET /auth/me`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Me {
    pub id: String,
    pub user_id: String,
    pub email: String,
    pub name: Option<String>,
    pub role: String,
    pub is_admin: bool,
    pub is_sso_user: bool,
    pub active: bool,
    pub created_at: Option<String>,
    pub groups: Vec<GroupRef>,
    pub auth: AuthInfo,
}

/// A group as shown with a user.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct GroupRef {
    pub id: String,
    pub name: String,
    pub is_system: bool,
    /// `system`, `google_sync` or `custom`.
    pub origin: String,
}

/// How the caller proved who they are.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuthInfo {
    /// `session`, `pat`, `scheduler` or `dev`.
    #[serde(rename = "type")]
    pub kind: String,
    pub expires_at: Option<String>,
    pub token_id: Option<String>,
}
