use axum::extract::State;
use axum::response::Response;

use crate::domain::sign_in::{PasswordRefusal, SignInMethod};
use crate::protocol::auth::{LoginRequest, LoginResponse};
use crate::server::auth::credentials::check_password;
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
    let user = check_password(&app, &origin, &body.email, body.password).await?.map_err(|refusal| match refusal {
        PasswordRefusal::Credentials => ApiError::unauthorized("Invalid email or password"),
        PasswordRefusal::Deactivated => ApiError::unauthorized("Account deactivated"),
    })?;
    Ok(Session::start(&app, origin, &user.id, SignInMethod::Password).await?.into_login_response())
}
