use axum::extract::State;

use crate::access::{Admin, Principal};
use crate::base::time;
use crate::protocol::tokens::{OwnedToken, Token as Body};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, App, AppState};
use crate::store::tokens::{Token, Use};

/// The caller's tokens, newest first, also those that are over.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth", responses((status = 200, body = Vec<Body>)))]
pub async fn list_tokens(State(app): State<AppState>, caller: Principal) -> Json<Vec<Body>> {
    let snapshot = app.store.snapshot();
    let own = snapshot.tokens.values().filter(|token| token.user_id == caller.user().id);
    Json(newest_first(own).into_iter().map(|token| body(&app, token)).collect())
}

/// One of the caller's tokens.
#[utoipa::path(get, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 200, body = Body), (status = 404)))]
pub async fn get_token(
    State(app): State<AppState>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Body>, ApiError> {
    let snapshot = app.store.snapshot();
    let own = snapshot.tokens.get(&id).filter(|token| token.user_id == caller.user().id);
    own.map(|token| Json(body(&app, token))).ok_or_else(|| ApiError::not_found("Token not found"))
}

/// Everybody's tokens, newest first.
#[utoipa::path(get, path = "/auth/admin/tokens", tag = "auth", responses((status = 200, body = Vec<OwnedToken>)))]
pub async fn list_all_tokens(State(app): State<AppState>, _: Admin) -> Json<Vec<OwnedToken>> {
    let snapshot = app.store.snapshot();
    let owned = |token: &Token| OwnedToken {
        token: body(&app, token),
        user_id: token.user_id.clone(),
        user_email: snapshot.users.get(&token.user_id).map(|user| user.email.clone()),
        last_used_ip: last_use(&app, token)
            .and_then(|last| Some(last.ip?.to_string()))
            .or_else(|| token.last_used_ip.clone()),
    };
    Json(newest_first(snapshot.tokens.values()).into_iter().map(owned).collect())
}

fn newest_first<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<&'a Token> {
    let mut tokens: Vec<&Token> = tokens.collect();
    tokens.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    tokens
}

fn body(app: &App, token: &Token) -> Body {
    let last_used_at = last_use(app, token).map(|last| last.at).or(token.last_used_at);
    Body {
        id: token.id.clone(),
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        created_at: token.created_at.map(time::spaced),
        expires_at: token.expires_at.map(time::spaced),
        last_used_at: last_used_at.map(time::spaced),
        revoked_at: token.revoked_at.map(time::spaced),
    }
}

/// A use that is newer than the stored one.
fn last_use(app: &App, token: &Token) -> Option<Use> {
    app.token_uses.last(&token.id).filter(|last| token.last_used_at.is_none_or(|stored| stored < last.at))
}
