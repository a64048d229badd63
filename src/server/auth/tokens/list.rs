use axum::extract::State;

use crate::access::{Admin, Principal};
use crate::domain::tokens::view;
use crate::protocol::tokens::{OwnedToken, Token};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// The caller's tokens, newest first, including expired and revoked ones.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth", responses((status = 200, body = Vec<Token>)))]
pub async fn list_tokens(State(app): State<AppState>, caller: Principal) -> Result<Json<Vec<Token>>, ApiError> {
    Ok(Json(view::own_tokens(&app.store, &caller, |id| app.token_uses.last(id)).await?))
}

/// One of the caller's tokens.
#[utoipa::path(get, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 200, body = Token), (status = 404)))]
pub async fn get_token(
    State(app): State<AppState>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Token>, ApiError> {
    Ok(Json(view::own_token(&app.store, &caller, &id, |id| app.token_uses.last(id)).await?))
}

/// The tokens of all users, newest first.
#[utoipa::path(get, path = "/auth/admin/tokens", tag = "auth", responses((status = 200, body = Vec<OwnedToken>)))]
pub async fn list_all_tokens(State(app): State<AppState>, admin: Admin) -> Result<Json<Vec<OwnedToken>>, ApiError> {
    Ok(Json(view::all_tokens(&app.store, &admin, |id| app.token_uses.last(id)).await?))
}
