use axum::extract::State;
use serde_json::json;

use crate::access::Principal;
use crate::domain::rules;
use crate::protocol::auth::Me;
use crate::protocol::users::UpdateMe;
use crate::server::auth;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, accounts, audit};

/// Who the caller is; the same as `/auth/me`.
#[utoipa::path(get, path = "/api/users/me", tag = "users", responses((status = 200, body = Me)))]
pub async fn me(State(app): State<AppState>, caller: Principal) -> Json<Me> {
    Json(auth::me::body(&app, &app.store.snapshot(), &caller, caller.user()))
}

/// Changes the caller's own name.
#[utoipa::path(patch, path = "/api/users/me", tag = "users", request_body = UpdateMe,
    responses((status = 200, body = Me)))]
pub async fn update(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<UpdateMe>,
) -> Result<Json<Me>, ApiError> {
    if let Some(name) = body.name {
        let name = rules::name(&name)?;
        let (id, actor) = (caller.user().id.clone(), caller.actor());
        app.store
            .write(move |change| -> Result<_, StoreError> {
                accounts::rename(change, &id, &name)?;
                audit::record(change, &actor, Action::UserUpdate, &format!("user:{id}"), json!({ "name": name }))
            })
            .await?;
    }
    let snapshot = app.store.snapshot();
    let user = snapshot.users.get(&caller.user().id).ok_or_else(|| ApiError::not_found("User not found"))?;
    Ok(Json(auth::me::body(&app, &snapshot, &caller, user)))
}
