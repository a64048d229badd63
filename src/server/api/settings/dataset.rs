use axum::extract::State;

use crate::access::Principal;
use crate::domain::preferences;
use crate::protocol::settings::{SetDataset, UserSettings};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns the caller's settings.
#[utoipa::path(get, path = "/api/settings", tag = "settings", responses((status = 200, body = UserSettings)))]
pub async fn get_settings(State(app): State<AppState>, caller: Principal) -> Result<Json<UserSettings>, ApiError> {
    let sync_settings = preferences::list_preferences(&app.store, &caller).await?;
    Ok(Json(UserSettings { user_id: caller.user().id.clone(), sync_settings }))
}

/// Switches one table on or off for the caller.
#[utoipa::path(put, path = "/api/settings/dataset", tag = "settings", request_body = SetDataset,
    responses((status = 200, body = SetDataset), (status = 403), (status = 422)))]
pub async fn set_dataset(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetDataset>,
) -> Result<Json<SetDataset>, ApiError> {
    preferences::set_dataset(&app.store, &caller, &body.dataset, body.enabled).await?;
    Ok(Json(body))
}
