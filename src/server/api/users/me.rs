use axum::extract::State;

use crate::access::Principal;
use crate::domain::accounts::{self, view};
use crate::protocol::auth::Me;
use crate::protocol::users::UpdateMe;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns who the caller is; the same as `/auth/me`.
#[utoipa::path(get, path = "/api/users/me", tag = "users", responses((status = 200, body = Me)))]
pub async fn get_current_user(State(app): State<AppState>, caller: Principal) -> Result<Json<Me>, ApiError> {
    Ok(Json(view::me(&app.config.google_groups, &app.store.snapshot(), &caller)?))
}

/// Changes the caller's own name.
#[utoipa::path(patch, path = "/api/users/me", tag = "users", request_body = UpdateMe,
    responses((status = 200, body = Me)))]
pub async fn update_current_user(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<UpdateMe>,
) -> Result<Json<Me>, ApiError> {
    if let Some(name) = body.name {
        accounts::update_own_name(&app.store, &caller, &name).await?;
    }
    Ok(Json(view::me(&app.config.google_groups, &app.store.snapshot(), &caller)?))
}
