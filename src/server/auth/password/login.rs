use axum::extract::State;
use axum::response::Response;

use crate::domain::sign_in::SignInMethod;
use crate::protocol::auth::{LoginRequest, LoginResponse};
use crate::server::auth::credentials::{self, Refused};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/password/login", per_minute: 10 };

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/password/login", tag = "auth", request_body = LoginRequest, security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Unknown user or wrong password"),
        (status = 429)))]
pub async fn log_in(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let user =
        credentials::check(&app, &origin, &body.email, body.password).await.map_err(|refused| match refused {
            Refused::Credentials => ApiError::unauthorized("Invalid email or password"),
            Refused::Deactivated => ApiError::unauthorized("Account deactivated"),
            Refused::Other(error) => error,
        })?;
    Ok(Session::start(&app, origin, &user.id, SignInMethod::Password).await?.into_login_response())
}
