//! What a user wants synced. Preferences only: grants decide what a user may read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One preference.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SyncSetting {
    pub user_id: String,
    /// Registry id or name of a table.
    pub dataset: String,
    pub enabled: bool,
    pub table_mode: String,
    pub tables: Option<serde_json::Value>,
    pub updated_at: Option<String>,
}

/// `GET /api/settings`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UserSettings {
    pub user_id: String,
    pub sync_settings: Vec<SyncSetting>,
}

/// `GET /api/sync/settings`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SyncSettings {
    pub user_id: String,
    /// By dataset.
    pub settings: Vec<SyncSetting>,
    pub enabled_datasets: Vec<String>,
}

/// `GET /api/sync/table-subscriptions`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Subscriptions {
    pub user_id: String,
    pub subscriptions: Vec<SyncSetting>,
}

/// `POST /api/sync/settings`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SetDatasets {
    pub datasets: BTreeMap<String, bool>,
}

/// Response of `POST /api/sync/settings`: `{"enabled": …}` or `{"error": "no permission"}` for each dataset.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UpdatedDatasets {
    pub updated: BTreeMap<String, serde_json::Value>,
}

/// `POST /api/sync/table-subscriptions`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct SetSubscriptions {
    /// `all` (the default) or `selected`.
    pub table_mode: Option<String>,
    pub tables: BTreeMap<String, bool>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UpdatedSubscriptions {
    pub table_mode: String,
    /// Number of stored preferences.
    pub updated: usize,
    /// Tables that the caller may not read; nothing was stored for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// `PUT /api/settings/dataset`, and its response.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SetDataset {
    pub dataset: String,
    pub enabled: bool,
}
