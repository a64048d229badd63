//! The settings of the instance, as admins see and change them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `GET /api/admin/server-config`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct ServerConfig {
    /// What is set, with `${NAME}` replaced and secrets masked: `***`, or `<empty>`.
    #[schema(value_type = Object)]
    pub sections: Map<String, Value>,
    pub editable_sections: Vec<String>,
    /// Sections whose change must be confirmed.
    pub danger_sections: Vec<String>,
    /// A key that contains one of these is a secret.
    pub secret_key_patterns: Vec<String>,
    /// What is known about keys, by section and key.
    #[schema(value_type = Object)]
    pub known_fields: Value,
    /// What was changed since the start and is not in effect until a restart.
    pub restart_pending: Vec<String>,
    /// Why the file with the changes cannot be read; then `sections` is without it, and nothing can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay_error: Option<String>,
}

/// `POST /api/admin/server-config`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UpdateServerConfig {
    /// Sections with the keys to change. Mappings are merged, everything else replaces, null deletes.
    #[schema(value_type = Object)]
    pub sections: BTreeMap<String, Map<String, Value>>,
    #[serde(default)]
    pub confirm_danger: bool,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct ServerConfigUpdated {
    pub status: String,
    /// Whether something was changed that is used at start only.
    pub restart_required: bool,
    /// What has to be set up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_reason: Option<String>,
    pub sections_updated: Vec<String>,
    pub diff_count: usize,
    /// Changed keys that this version does not use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_used: Vec<String>,
}

/// A key whose value changes; null if it is not set.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ConfigChange {
    pub path: String,
    pub before: Value,
    pub after: Value,
}

/// `POST /api/admin/configure`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Configure {
    /// `keboola`, `bigquery` or `local`.
    pub data_source: String,
    pub keboola_token: Option<String>,
    pub keboola_url: Option<String>,
    pub bigquery_project: Option<String>,
    /// `us` if absent.
    pub bigquery_location: Option<String>,
    pub instance_name: Option<String>,
    pub allowed_domain: Option<String>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Configured {
    pub status: String,
    pub data_source: String,
    /// `verified` if the source was asked, `not_checked`, or `local`.
    pub connection: String,
    pub restart_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_reason: Option<String>,
    /// Variables of the environment that win over what was stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden_by: Vec<String>,
}
