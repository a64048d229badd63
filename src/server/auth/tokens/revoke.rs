use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::{Admin, Principal};
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Actor};
use crate::store::{StoreError, audit, tokens};

/// Takes one of the caller's tokens back, at once and for good.
#[utoipa::path(delete, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 204), (status = 404)))]
pub async fn revoke_token(
    State(app): State<AppState>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    end(&app, caller.actor(), id, Some(caller.user().id.clone())).await
}

/// Takes anybody's token back.
#[utoipa::path(delete, path = "/auth/admin/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 204), (status = 404)))]
pub async fn revoke_any_token(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    end(&app, admin.actor(), id, None).await
}

/// Without an `owner` it is an admin's doing. What is revoked already stays as it is, and is no news.
async fn end(app: &AppState, actor: Actor, id: String, owner: Option<String>) -> Result<StatusCode, ApiError> {
    app.store
        .write(move |change| -> Result<(), StoreError> {
            let Some(owner_id) = tokens::revoke(change, &id, owner.as_deref())? else { return Ok(()) };
            let (action, details) = match owner {
                Some(_) => (Action::TokenRevoke, Value::Null),
                None => (Action::TokenAdminRevoke, json!({ "owner_id": owner_id })),
            };
            audit::record(change, &actor, action, &format!("token:{id}"), details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
