use axum::extract::State;
use axum::response::Response;

use super::{VERIFY_RULE, refused, sign_in};
use crate::protocol::auth::{LoginResponse, VerifyLink};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

/// Signs in with the token of a mailed link.
#[utoipa::path(post, path = "/auth/email/verify", tag = "auth", request_body = VerifyLink, security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Invalid, expired or used"),
        (status = 429)))]
pub async fn verify_login_link(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<VerifyLink>,
) -> Result<Response, ApiError> {
    app.limits.admit(VERIFY_RULE, origin.ip)?;
    Ok(sign_in(&app, origin, body.email, body.token).await?.ok_or_else(refused)?.into_login_response())
}
