use axum::extract::State;
use axum::response::Response;

use super::choose::choose;
use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{SetupRequest, SetupResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::{InvalidToken, Purpose};

const RULE: Rule = Rule { path: "/auth/password/setup", per_minute: 10 };

/// Sets a password with the token of an invitation, and signs in.
#[utoipa::path(post, path = "/auth/password/setup", tag = "auth", request_body = SetupRequest, security(()),
    responses((status = 200, body = SetupResponse), (status = 400, description = "A wrong token or a weak password"),
        (status = 403, description = "The account is not active"), (status = 429)))]
pub async fn set_up_password(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<SetupRequest>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let SetupRequest { email, token, password } = body;
    let choice = PasswordChoice { purpose: Purpose::Setup, email, token, name: String::new() };
    let id = choose(&app, &origin, choice, password).await?.map_err(|invalid| match invalid {
        InvalidToken::Wrong => ApiError::bad_request("Invalid setup token"),
        InvalidToken::Expired => ApiError::bad_request("Setup token has expired"),
        InvalidToken::Deactivated => ApiError::forbidden("Account deactivated"),
    })?;
    let session = Session::start(&app, origin, &id, SignInMethod::Password).await?;
    Ok(session.respond(|started| SetupResponse {
        access_token: started.token.expose().to_owned(),
        token_type: "bearer".into(),
        message: "Password set successfully".into(),
    }))
}
