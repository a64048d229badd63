//! What a person wants synced. Preferences only: what somebody may read, grants decide.

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
pub struct Settings {
    pub user_id: String,
    pub sync_settings: Vec<SyncSetting>,
}

/// `GET /api/sync/settings`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SyncSettings {
    pub user_id: String,
    /// In order of the datasets.
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

/// Answer to it: `{"enabled": …}` or `{"error": "no permission"}` for each dataset.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct DatasetsSet {
    pub updated: BTreeMap<String, serde_json::Value>,
}

/// `POST /api/sync/table-subscriptions`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct SetSubscriptions {
    /// `all` or `selected`; `all` unless given.
    pub table_mode: Option<String>,
    pub tables: BTreeMap<String, bool>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SubscriptionsSet {
    pub table_mode: String,
    /// How many were stored.
    pub updated: usize,
    /// Tables that the caller may not read; nothing was stored for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// `PUT /api/settings/dataset`, and its answer.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SetDataset {
    pub dataset: String,
    pub enabled: bool,
}
