use axum::extract::State;

use crate::access::{Admin, Principal};
use crate::base::time;
use crate::protocol::tokens::{OwnedToken, Token as Body};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, App, AppState};
use crate::store::StoreError;
use crate::store::tokens::{self, Token, Use};

/// The caller's tokens, newest first, also those that are over.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth", responses((status = 200, body = Vec<Body>)))]
pub async fn list_tokens(State(app): State<AppState>, caller: Principal) -> Result<Json<Vec<Body>>, ApiError> {
    let own = stored(&app, Some(&caller)).await?;
    Ok(Json(own.iter().map(|token| body(&app, token)).collect()))
}

/// One of the caller's tokens.
#[utoipa::path(get, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 200, body = Body), (status = 404)))]
pub async fn get_token(
    State(app): State<AppState>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<Json<Body>, ApiError> {
    let own = stored(&app, Some(&caller)).await?;
    own.iter()
        .find(|token| token.id == id)
        .map(|token| Json(body(&app, token)))
        .ok_or_else(|| ApiError::not_found("Token not found"))
}

/// Everybody's tokens, newest first.
#[utoipa::path(get, path = "/auth/admin/tokens", tag = "auth", responses((status = 200, body = Vec<OwnedToken>)))]
pub async fn list_all_tokens(State(app): State<AppState>, _: Admin) -> Result<Json<Vec<OwnedToken>>, ApiError> {
    let all = stored(&app, None).await?;
    let snapshot = app.store.snapshot();
    let owned = |token: &Token| OwnedToken {
        token: body(&app, token),
        user_id: token.user_id.clone(),
        user_email: snapshot.users.get(&token.user_id).map(|user| user.email.clone()),
        last_used_ip: last_use(&app, token)
            .and_then(|last| Some(last.ip?.to_string()))
            .or_else(|| token.last_used_ip.clone()),
    };
    Ok(Json(all.iter().map(owned).collect()))
}

async fn stored(app: &App, owner: Option<&Principal>) -> Result<Vec<Token>, StoreError> {
    let owner = owner.map(|caller| caller.user().id.clone());
    app.store.read(move |reader| tokens::list(reader, owner.as_deref())).await
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
