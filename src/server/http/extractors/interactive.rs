use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::access::{AuthKind, Principal};
use crate::server::{ApiError, AppState};

/// Somebody who signed in: a token must not make further ones that outlive it.
pub struct Interactive(pub Principal);

impl FromRequestParts<AppState> for Interactive {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let caller = Principal::from_request_parts(parts, app).await?;
        let instead = match caller.kind() {
            AuthKind::Session(_) | AuthKind::Dev => return Ok(Self(caller)),
            AuthKind::Token(_) => "a PAT",
            AuthKind::Scheduler => "a service token",
        };
        Err(ApiError::forbidden(format!("This endpoint requires an interactive session, not {instead}")))
    }
}
