use axum::extract::State;
use serde_json::json;

use super::of_caller;
use crate::access::{Principal, holds};
use crate::protocol::settings::{SetDataset, Settings};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, sync_settings};

/// The caller's settings.
#[utoipa::path(get, path = "/api/settings", tag = "settings", responses((status = 200, body = Settings)))]
pub async fn settings(State(app): State<AppState>, caller: Principal) -> Result<Json<Settings>, ApiError> {
    let sync_settings = of_caller(&app, &caller).await?;
    Ok(Json(Settings { user_id: caller.user().id.clone(), sync_settings }))
}

/// Switches one table on or off for the caller.
#[utoipa::path(put, path = "/api/settings/dataset", tag = "settings", request_body = SetDataset,
    responses((status = 200, body = SetDataset), (status = 403), (status = 422)))]
pub async fn set(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetDataset>,
) -> Result<Json<SetDataset>, ApiError> {
    if !holds(&app.store.snapshot(), &caller, &body.dataset) {
        return Err(ApiError::forbidden(format!("No access to dataset '{}'", body.dataset)));
    }
    let SetDataset { dataset, enabled } = body.clone();
    app.store
        .write(move |change| -> Result<_, StoreError> {
            sync_settings::put(change, &caller.user().id, &dataset, enabled, None)?;
            let details = json!({ "dataset": dataset, "enabled": enabled });
            audit::record(
                change,
                &caller.actor(),
                Action::SyncSettingsUpdate,
                &format!("user:{}", caller.user().id),
                details,
            )
        })
        .await?;
    Ok(Json(body))
}
