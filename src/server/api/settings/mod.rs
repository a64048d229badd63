//! What a person wants synced.

pub mod dataset;
pub mod subscriptions;
pub mod sync;

use super::super::{ApiError, AppState};
use crate::access::Principal;
use crate::base::time;
use crate::protocol::settings::SyncSetting;
use crate::store::sync_settings;

/// The caller's preferences, in order of the datasets.
async fn of_caller(app: &AppState, caller: &Principal) -> Result<Vec<SyncSetting>, ApiError> {
    let user_id = caller.user().id.clone();
    let id = user_id.clone();
    let found = app.store.read(move |connection| sync_settings::of_user(connection, &id)).await?;
    let body = |setting: sync_settings::SyncSetting| SyncSetting {
        user_id: user_id.clone(),
        dataset: setting.dataset,
        enabled: setting.enabled,
        table_mode: setting.table_mode,
        tables: setting.tables.and_then(|text| serde_json::from_str(&text).ok()),
        updated_at: setting.updated_at.map(time::iso_naive),
    };
    Ok(found.into_iter().map(body).collect())
}
