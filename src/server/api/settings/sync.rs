use std::collections::BTreeMap;

use axum::extract::State;
use serde_json::{Value, json};

use super::of_caller;
use crate::access::{Principal, holds};
use crate::protocol::settings::{DatasetsSet, SetDatasets, SyncSettings};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, sync_settings};

/// What the caller wants synced.
#[utoipa::path(get, path = "/api/sync/settings", tag = "settings", responses((status = 200, body = SyncSettings)))]
pub async fn get(State(app): State<AppState>, caller: Principal) -> Result<Json<SyncSettings>, ApiError> {
    let settings = of_caller(&app, &caller).await?;
    let enabled = settings.iter().filter(|setting| setting.enabled).map(|setting| setting.dataset.clone());
    Ok(Json(SyncSettings { user_id: caller.user().id.clone(), enabled_datasets: enabled.collect(), settings }))
}

/// Switches tables on or off for the caller; those that the caller may not read are refused one by one.
#[utoipa::path(post, path = "/api/sync/settings", tag = "settings", request_body = SetDatasets,
    responses((status = 200, body = DatasetsSet), (status = 422)))]
pub async fn set(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetDatasets>,
) -> Result<Json<DatasetsSet>, ApiError> {
    let snapshot = app.store.snapshot();
    let (allowed, refused): (BTreeMap<_, _>, BTreeMap<_, _>) =
        body.datasets.into_iter().partition(|(dataset, _)| holds(&snapshot, &caller, dataset));
    let mut updated: BTreeMap<String, Value> =
        allowed.iter().map(|(dataset, enabled)| (dataset.clone(), json!({ "enabled": enabled }))).collect();
    updated.extend(refused.into_keys().map(|dataset| (dataset, json!({ "error": "no permission" }))));
    app.store
        .write(move |change| -> Result<_, StoreError> {
            for (dataset, enabled) in &allowed {
                sync_settings::put(change, &caller.user().id, dataset, *enabled, None)?;
            }
            let resource = format!("user:{}", caller.user().id);
            audit::record(
                change,
                &caller.actor(),
                Action::SyncSettingsUpdate,
                &resource,
                json!({ "datasets": allowed }),
            )
        })
        .await?;
    Ok(Json(DatasetsSet { updated }))
}
