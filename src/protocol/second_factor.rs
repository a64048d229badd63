use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /auth/second-factor`
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
pub struct SecondFactorState {
    /// A code is asked for after a password or a mailed link.
    pub enabled: bool,
    /// The server demands it of this account.
    pub required: bool,
}

/// `POST /auth/second-factor`
#[derive(Deserialize, Serialize, ToSchema)]
pub struct BeginSecondFactor {
    /// The current password, if the account has one.
    #[serde(default)]
    pub password: String,
}

/// What to enter into an authenticator app; in this response only.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct NewSecondFactor {
    /// Base32.
    pub secret: String,
    /// For a QR code.
    pub otpauth_url: String,
}

/// A code of the authenticator app, or a recovery code.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct SecondFactorCode {
    pub code: String,
}

/// Codes that replace the authenticator app, once each; in this response only.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}
