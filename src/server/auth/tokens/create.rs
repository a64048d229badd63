use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Interactive;
use crate::domain::tokens;
use crate::protocol::tokens::{CreateToken, CreatedToken};
use crate::server::http::extractors::Json;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};

const RULE: Rule = Rule { path: "/auth/tokens", per_minute: 30 };

/// Creates a token, which is in this response only.
#[utoipa::path(post, path = "/auth/tokens", tag = "auth", request_body = CreateToken,
    responses((status = 201, body = CreatedToken), (status = 400, description = "No name, or a lifetime out of range"),
        (status = 403, description = "The caller used a token instead of signing in"), (status = 429)))]
pub async fn create_token(
    State(app): State<AppState>,
    caller: Interactive,
    Json(body): Json<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    app.limits.admit(RULE, caller.actor().origin.ip)?;
    let created = tokens::create_token(&app.store, &app.authenticator.keys(), &caller, &body).await?;
    Ok((StatusCode::CREATED, Json(created)))
}
