//! What users want synced.

use crate::access::Principal;
use crate::domain::preferences;
use crate::protocol::settings::{SetDataset, SetDatasets, SetSubscriptions, Subscriptions, SyncSettings};
use crate::protocol::settings::{UpdatedDatasets, UpdatedSubscriptions, UserSettings};
use crate::server::AppState;
use crate::server::http::extractors::{Json, Reply};

/// Returns the caller's settings.
#[utoipa::path(get, path = "/api/settings", tag = "settings", responses((status = 200, body = UserSettings)))]
pub async fn get_settings(app: AppState, caller: Principal) -> Reply<UserSettings> {
    let sync_settings = preferences::list_preferences(&app.store, &caller).await?;
    Ok(Json(UserSettings { user_id: caller.user().id.clone(), sync_settings }))
}

/// Switches one table on or off for the caller.
#[utoipa::path(put, path = "/api/settings/dataset", tag = "settings",
    responses((status = 200, body = SetDataset), (status = 403), (status = 422)))]
pub async fn set_dataset(app: AppState, caller: Principal, Json(body): Json<SetDataset>) -> Reply<SetDataset> {
    preferences::set_dataset(&app.store, &caller, &body.dataset, body.enabled).await?;
    Ok(Json(body))
}

/// Returns what the caller wants synced.
#[utoipa::path(get, path = "/api/sync/settings", tag = "settings", responses((status = 200, body = SyncSettings)))]
pub async fn get_sync_settings(app: AppState, caller: Principal) -> Reply<SyncSettings> {
    let settings = preferences::list_preferences(&app.store, &caller).await?;
    let enabled = settings.iter().filter(|setting| setting.enabled).map(|setting| setting.dataset.clone());
    Ok(Json(SyncSettings { user_id: caller.user().id.clone(), enabled_datasets: enabled.collect(), settings }))
}

/// Switches tables on or off for the caller. Those that the caller may not read are rejected one by one.
#[utoipa::path(post, path = "/api/sync/settings", tag = "settings",
    responses((status = 200, body = UpdatedDatasets), (status = 422)))]
pub async fn set_sync_settings(
    app: AppState,
    caller: Principal,
    Json(body): Json<SetDatasets>,
) -> Reply<UpdatedDatasets> {
    Ok(Json(preferences::set_datasets(&app.store, &caller, body.datasets).await?))
}

/// Returns the tables that the caller has subscribed to.
#[utoipa::path(get, path = "/api/sync/table-subscriptions", tag = "settings",
    responses((status = 200, body = Subscriptions)))]
pub async fn get_subscriptions(app: AppState, caller: Principal) -> Reply<Subscriptions> {
    let subscriptions = preferences::list_preferences(&app.store, &caller).await?;
    Ok(Json(Subscriptions { user_id: caller.user().id.clone(), subscriptions }))
}

/// Subscribes the caller to tables.
#[utoipa::path(post, path = "/api/sync/table-subscriptions", tag = "settings",
    responses((status = 200, body = UpdatedSubscriptions), (status = 422)))]
pub async fn set_subscriptions(
    app: AppState,
    caller: Principal,
    Json(body): Json<SetSubscriptions>,
) -> Reply<UpdatedSubscriptions> {
    Ok(Json(preferences::set_subscriptions(&app.store, &caller, body.table_mode, body.tables).await?))
}
