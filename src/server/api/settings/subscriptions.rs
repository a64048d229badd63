use axum::extract::State;
use serde_json::json;

use super::of_caller;
use crate::access::{Principal, holds};
use crate::protocol::settings::{SetSubscriptions, Subscriptions, SubscriptionsSet};
use crate::server::http::error::FieldError;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, sync_settings};

const MODES: [&str; 2] = ["all", "selected"];

/// The tables that the caller subscribed to.
#[utoipa::path(get, path = "/api/sync/table-subscriptions", tag = "settings",
    responses((status = 200, body = Subscriptions)))]
pub async fn get(State(app): State<AppState>, caller: Principal) -> Result<Json<Subscriptions>, ApiError> {
    let subscriptions = of_caller(&app, &caller).await?;
    Ok(Json(Subscriptions { user_id: caller.user().id.clone(), subscriptions }))
}

/// Subscribes the caller to tables.
#[utoipa::path(post, path = "/api/sync/table-subscriptions", tag = "settings", request_body = SetSubscriptions,
    responses((status = 200, body = SubscriptionsSet), (status = 422)))]
pub async fn set(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetSubscriptions>,
) -> Result<Json<SubscriptionsSet>, ApiError> {
    let mode = body.table_mode.unwrap_or_else(|| "all".into());
    if !MODES.contains(&mode.as_str()) {
        let reason = "table_mode must be one of ['all', 'selected']";
        return Err(ApiError::unprocessable(vec![FieldError::value(&["body", "table_mode"], reason, mode)]));
    }
    let snapshot = app.store.snapshot();
    let (allowed, refused): (Vec<_>, Vec<_>) =
        body.tables.into_iter().partition(|(table, _)| holds(&snapshot, &caller, table));
    let (updated, table_mode) = (allowed.len(), mode.clone());
    app.store
        .write(move |change| -> Result<_, StoreError> {
            for (table, enabled) in &allowed {
                sync_settings::put(change, &caller.user().id, table, *enabled, Some(&mode))?;
            }
            let details = json!({ "table_mode": mode, "tables": allowed.len() });
            audit::record(
                change,
                &caller.actor(),
                Action::SyncSettingsUpdate,
                &format!("user:{}", caller.user().id),
                details,
            )
        })
        .await?;
    let refused = refused.into_iter().map(|(table, _)| table).collect();
    Ok(Json(SubscriptionsSet { table_mode, updated, refused }))
}
