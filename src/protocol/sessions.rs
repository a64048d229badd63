use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A session of somebody who is signed in.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Session {
    pub id: String,
    /// The session of this request.
    pub is_current: bool,
    /// `password`, `magic_link`, `google` or `bootstrap`.
    pub method: Option<String>,
    pub created_at: Option<String>,
    pub expires_at: Option<String>,
    pub last_used_at: Option<String>,
    pub last_used_ip: Option<String>,
    /// The program that signed in, as it calls itself.
    pub user_agent: Option<String>,
}

/// Response to ending several sessions.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
pub struct EndedSessions {
    pub ended: usize,
}
