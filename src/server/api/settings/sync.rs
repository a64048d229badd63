use axum::extract::State;

use crate::access::Principal;
use crate::domain::preferences;
use crate::protocol::settings::{SetDatasets, SyncSettings, UpdatedDatasets};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns what the caller wants synced.
#[utoipa::path(get, path = "/api/sync/settings", tag = "settings", responses((status = 200, body = SyncSettings)))]
pub async fn get_sync_settings(State(app): State<AppState>, caller: Principal) -> Result<Json<SyncSettings>, ApiError> {
    let settings = preferences::list_preferences(&app.store, &caller).await?;
    let enabled = settings.iter().filter(|setting| setting.enabled).map(|setting| setting.dataset.clone());
    Ok(Json(SyncSettings { user_id: caller.user().id.clone(), enabled_datasets: enabled.collect(), settings }))
}

/// Switches tables on or off for the caller. Those that the caller may not read are rejected one by one.
#[utoipa::path(post, path = "/api/sync/settings", tag = "settings", request_body = SetDatasets,
    responses((status = 200, body = UpdatedDatasets), (status = 422)))]
pub async fn set_sync_settings(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetDatasets>,
) -> Result<Json<UpdatedDatasets>, ApiError> {
    Ok(Json(preferences::set_datasets(&app.store, &caller, body.datasets).await?))
}
