use crate::access::Principal;
use crate::base::time;
use crate::domain::Error;
use crate::protocol::settings::SyncSetting;
use crate::store::{Store, sync_settings};

/// Returns the caller's preferences, by dataset.
pub async fn list_preferences(store: &Store, caller: &Principal) -> Result<Vec<SyncSetting>, Error> {
    let user_id = caller.user().id.clone();
    let stored = store.read(move |reader| sync_settings::of_user(reader, &user_id)).await?;
    let body = |setting: sync_settings::SyncSetting| SyncSetting {
        user_id: caller.user().id.clone(),
        dataset: setting.dataset,
        enabled: setting.enabled,
        table_mode: setting.table_mode,
        tables: setting.tables.and_then(|text| serde_json::from_str(&text).ok()),
        updated_at: setting.updated_at.map(time::iso_naive),
    };
    Ok(stored.into_iter().map(body).collect())
}
