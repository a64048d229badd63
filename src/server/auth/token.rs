use axum::extract::State;
use axum::response::Response;

use super::session;
use crate::protocol::auth::{TokenRequest, TokenResponse};
use crate::server::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::{StoreError, audit};

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/token", tag = "auth", request_body = TokenRequest, security(()),
    responses((status = 200, body = TokenResponse), (status = 401, description = "Unknown user or wrong password")))]
pub async fn sign_in(State(app): State<AppState>, Json(body): Json<TokenRequest>) -> Result<Response, ApiError> {
    let snapshot = app.store.snapshot();
    let user = snapshot.users.by_email(&body.email).ok_or_else(|| ApiError::unauthorized("User not found"))?.clone();
    if !user.active {
        note(&app, &user.id, "login_failed", Some("deactivated")).await?;
        return Err(ApiError::unauthorized("Account deactivated"));
    }
    let hash = user.password_hash.clone().ok_or_else(|| {
        ApiError::unauthorized("This account uses external authentication. Please log in via your configured provider.")
    })?;
    if body.password.is_empty() {
        return Err(ApiError::unauthorized("Password required"));
    }
    if !app.passwords.verify(body.password, hash).await? {
        note(&app, &user.id, "login_failed", Some("invalid_password")).await?;
        return Err(ApiError::unauthorized("Invalid password"));
    }
    note(&app, &user.id, "token_created", None).await?;
    session::open(&app, &user.id)
}

async fn note(
    app: &AppState,
    user_id: &str,
    action: &'static str,
    result: Option<&'static str>,
) -> Result<(), StoreError> {
    let user_id = user_id.to_owned();
    app.store.write(move |change| audit::record(change, Some(&user_id), action, "auth", None, result)).await
}
