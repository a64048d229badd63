//! Handlers name a `Principal` or an `Admin` among their arguments and get one, or the request ends here.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::access::{Admin, Principal};
use crate::server::http::middleware::denied;
use crate::server::http::session::{SESSION_COOKIE, cookie};
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

impl FromRequestParts<AppState> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let origin = Origin::from_request_parts(parts, app).await?;
        let caller = app
            .authenticator
            .authenticate(&app.store.snapshot(), token(parts), origin)
            .map_err(|error| ApiError::unauthorized(error.to_string()))?;
        app.token_uses.note(app, &caller);
        denied::known(parts, &caller);
        Ok(caller)
    }
}

/// A caller who may be a stranger; a token that is not accepted counts as none.
pub struct MaybePrincipal(pub Option<Principal>);

impl FromRequestParts<AppState> for MaybePrincipal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Ok(Self(Principal::from_request_parts(parts, app).await.ok()))
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Principal::from_request_parts(parts, app)
            .await?
            .admin()
            .ok_or_else(|| ApiError::forbidden("Admin access required"))
    }
}

/// The bearer token, else the cookie `access_token`. A bearer token that is there but wrong does not fall back.
fn token(parts: &Parts) -> Option<&str> {
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.filter(|token| !token.is_empty()).or_else(|| cookie(&parts.headers, SESSION_COOKIE))
}
