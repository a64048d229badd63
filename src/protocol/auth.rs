use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /auth/token`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TokenRequest {
    pub email: String,
    #[serde(default)]
    pub password: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
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

/// A session that has just been started.
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

/// `POST /auth/password/login`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct LoginRequest {
    pub email: String,
    pub password: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The same, in the shape of the endpoints of one provider.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct LoginResponse {
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    pub email: String,
    /// `admin` or `user`; a label only.
    pub role: String,
}

/// `POST /auth/password/login/web`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct LoginForm {
    pub email: String,
    #[serde(default)]
    pub password: String,
    /// A path of this server to redirect to.
    #[serde(default)]
    pub next: String,
}

/// `POST /auth/password/change`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct ChangePassword {
    pub current_password: String,
    /// At least 8 characters, at most 1024 bytes, and not easy to guess.
    pub new_password: String,
    /// Also revokes the personal tokens.
    #[serde(default)]
    pub revoke_tokens: bool,
}

/// `POST /auth/password/setup`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SetupRequest {
    pub email: String,
    pub token: String,
    /// At least 8 characters, at most 1024 bytes.
    pub password: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Response of `POST /auth/password/setup`.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SetupResponse {
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    pub message: String,
}

/// `POST /auth/password/reset` and `POST /auth/password/setup/request`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AddressForm {
    #[serde(default)]
    pub email: String,
}

/// The query of a mailed link for choosing a password.
#[derive(Deserialize)]
pub struct LinkQuery {
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub token: String,
}

/// `POST /auth/password/setup/confirm` and `POST /auth/password/reset/confirm`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct PasswordForm {
    pub email: String,
    pub token: String,
    /// At least 8 characters, at most 1024 bytes.
    pub password: String,
    pub confirm_password: String,
    /// A new display name; used with an invitation only.
    #[serde(default)]
    pub name: String,
}

/// `POST /auth/email/send-link`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SendLink {
    pub email: String,
    /// A path of this server to redirect to after the link.
    pub next: Option<String>,
}

/// `POST /auth/email/send-link/web`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct LinkForm {
    #[serde(default)]
    pub email: String,
    /// A path of this server to redirect to after the link.
    #[serde(default)]
    pub next: String,
}

/// Response of `POST /auth/email/send-link`.
#[serde_with::skip_serializing_none]
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SentLink {
    pub message: String,
    /// The link itself; in development mode only.
    pub dev_link: Option<String>,
    /// Why the mail was not sent; in development mode only.
    pub send_error: Option<String>,
}

/// `POST /auth/email/verify`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct VerifyLink {
    pub email: String,
    pub token: String,
    /// A code of the second factor, or a recovery code, if the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `GET /auth/email/verify` and `POST /auth/email/verify/web`
#[derive(Deserialize, Serialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct VerifyForm {
    pub email: String,
    pub token: String,
    /// A path of this server to redirect to.
    #[serde(default)]
    pub next: String,
}
