//! Personal access tokens, with which programs act for a user.

use axum::http::StatusCode;

use crate::access::{Admin, Interactive, Principal};
use crate::domain::tokens::{self, view};
use crate::protocol::tokens::{CreateToken, CreatedToken, OwnedToken, Token};
use crate::server::http::extractors::{Created, Json, Path, Reply};
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiResult, AppState};

/// Creates a token, which is in this response only.
#[utoipa::path(post, path = "/auth/tokens", tag = "auth",
    responses((status = 201, body = CreatedToken), (status = 400, description = "No name, or a lifetime out of range"),
        (status = 403, description = "The caller used a token instead of signing in"), (status = 429)))]
pub async fn create_token(
    app: AppState,
    caller: Interactive,
    Json(body): Json<CreateToken>,
) -> ApiResult<Created<CreatedToken>> {
    app.limits.admit(Rule { path: "/auth/tokens", per_minute: 30 }, caller.actor().origin.ip)?;
    let created = tokens::create_token(&app.store, &app.authenticator.keys(), &caller, &body).await?;
    Ok(Created(created))
}

/// The caller's tokens, newest first, including expired and revoked ones.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth", responses((status = 200, body = Vec<Token>)))]
pub async fn list_tokens(app: AppState, caller: Principal) -> Reply<Vec<Token>> {
    Ok(Json(view::own_tokens(&app.store, &caller, |id| app.token_uses.last(id)).await?))
}

/// One of the caller's tokens.
#[utoipa::path(get, path = "/auth/tokens/{id}", tag = "auth", params(("id", description = "Token id")),
    responses((status = 200, body = Token), (status = 404)))]
pub async fn get_token(app: AppState, caller: Principal, Path(id): Path<String>) -> Reply<Token> {
    Ok(Json(view::own_token(&app.store, &caller, &id, |id| app.token_uses.last(id)).await?))
}

/// The tokens of all users, newest first.
#[utoipa::path(get, path = "/auth/admin/tokens", tag = "auth", responses((status = 200, body = Vec<OwnedToken>)))]
pub async fn list_all_tokens(app: AppState, admin: Admin) -> Reply<Vec<OwnedToken>> {
    Ok(Json(view::all_tokens(&app.store, &admin, |id| app.token_uses.last(id)).await?))
}

/// Revokes one of the caller's tokens.
#[utoipa::path(delete, path = "/auth/tokens/{id}", tag = "auth", params(("id", description = "Token id")),
    responses((status = 204), (status = 404)))]
pub async fn revoke_token(app: AppState, caller: Principal, Path(id): Path<String>) -> ApiResult<StatusCode> {
    tokens::revoke_token(&app.store, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a token of any user.
#[utoipa::path(delete, path = "/auth/admin/tokens/{id}", tag = "auth", params(("id", description = "Token id")),
    responses((status = 204), (status = 404)))]
pub async fn revoke_any_token(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    tokens::revoke_any_token(&app.store, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
