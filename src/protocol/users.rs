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
    /// Mails a link for choosing a password.
    #[serde(default)]
    pub send_invite: bool,
}

/// `POST /api/users/{id}/reset-password`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct ResetLink {
    pub reset_url: String,
    /// Whether the mail was accepted for delivery.
    pub email_sent: bool,
}

/// `POST /api/users/{id}/set-password`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SetPassword {
    /// At least 8 characters.
    pub password: String,
}

/// `PATCH /api/users/{id}`: an absent or null field is left unchanged.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct UpdateUser {
    pub name: Option<String>,
    pub active: Option<bool>,
}

/// `PATCH /api/users/me`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct UpdateMe {
    pub name: Option<String>,
}
