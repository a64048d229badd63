use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::GroupRef;

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct User {
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    /// `admin` or `user`; a label only.
    pub role: String,
    pub is_admin: bool,
    pub is_sso_user: bool,
    pub groups: Vec<GroupRef>,
    pub active: bool,
    pub created_at: Option<String>,
    pub deactivated_at: Option<String>,
    pub invite_url: Option<String>,
    pub invite_email_sent: Option<bool>,
}

/// `POST /api/users`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CreateUser {
    pub email: String,
    pub name: String,
}

/// `POST /api/users/{id}/set-password`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SetPassword {
    /// At least 8 characters.
    pub password: String,
}
