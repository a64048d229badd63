use axum::extract::State;
use axum::response::Response;

use super::credentials::check_password;
use crate::domain::sign_in::{PasswordRefusal, SignInMethod};
use crate::protocol::auth::{TokenRequest, TokenResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/token", per_minute: 10 };

/// The same for every account, whether it exists or not. Older command lines look for `external authentication`.
const REFUSED: &str =
    "Invalid email or password. Accounts that use external authentication sign in with their provider.";

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/token", tag = "auth", request_body = TokenRequest, security(()),
    responses((status = 200, body = TokenResponse), (status = 401, description = "Unknown user or wrong password"),
        (status = 429)))]
pub async fn sign_in_for_token(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<TokenRequest>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    if body.password.is_empty() {
        return Err(ApiError::unauthorized("Password required"));
    }
    let user = check_password(&app, &origin, &body.email, body.password).await?.map_err(|refusal| match refusal {
        PasswordRefusal::Credentials => ApiError::unauthorized(REFUSED),
        PasswordRefusal::Deactivated => ApiError::unauthorized("Account deactivated"),
    })?;
    Ok(Session::start(&app, origin, &user.id, SignInMethod::ApiPassword).await?.into_token_response())
}
