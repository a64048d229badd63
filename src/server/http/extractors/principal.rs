//! Handlers take a `Principal`, an `Interactive` or an `Admin` as argument; requests without one are rejected here.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::access::{Admin, AuthKind, Interactive, Principal};
use crate::server::http::middleware::identity::Identity;
use crate::server::http::openapi::Argument;
use crate::server::http::session::{bearer, session_token};
use crate::server::services::connections::Exchange;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

/// Each `POST` that changes nothing.
const QUERIES: [&str; 3] = ["/api/query", "/api/v2/scan", "/api/v2/scan/estimate"];

/// Where every `POST` compiles a metric.
const METRICS: &str = "/api/metrics/";

fn is_query(path: &str) -> bool {
    let is_saved = path.starts_with("/api/saved-queries/") && path.ends_with("/run");
    is_saved || QUERIES.contains(&path) || path.starts_with(METRICS)
}

impl FromRequestParts<AppState> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let origin = Origin::from_request_parts(parts, app).await?;
        let token = bearer(&parts.headers).or_else(|| session_token(app, &parts.headers));
        let caller = app
            .authenticator
            .authenticate(&app.store.snapshot(), token, origin)
            .map_err(|error| ApiError::unauthorized(error.to_string()))?;
        if let Some(exchange) = parts.extensions.get::<Exchange>() {
            exchange.know();
            exchange.hold(|| app.people.requests.take(&caller.user().id))?;
        }
        if !parts.method.is_safe() && !is_query(parts.uri.path()) && !caller.is_admin() {
            app.limits.admit_change(&caller.user().id)?;
        }
        app.token_uses.record(&app.store, &caller);
        Identity::set(parts, &caller);
        Ok(caller)
    }
}

impl Argument for Principal {
    const STATUSES: &'static [u16] = &[401, 429];
}

/// A caller who may be unauthenticated; a token that is not accepted counts as none.
impl axum::extract::OptionalFromRequestParts<AppState> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Option<Self>, Infallible> {
        Ok(<Self as FromRequestParts<AppState>>::from_request_parts(parts, app).await.ok())
    }
}

impl Argument for Option<Principal> {
    const STATUSES: &'static [u16] = &[];
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

impl Argument for Admin {
    const STATUSES: &'static [u16] = &[401, 403, 429];
}

impl FromRequestParts<AppState> for Interactive {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Principal::from_request_parts(parts, app).await?.interactive().map_err(|kind| {
            let used = if matches!(kind, AuthKind::Token(_)) { "a PAT" } else { "a service token" };
            ApiError::forbidden(format!("This endpoint requires an interactive session, not {used}"))
        })
    }
}

impl Argument for Interactive {
    const STATUSES: &'static [u16] = &[401, 403, 429];
}
