//! The settings of the instance that admins can change: `instance.yaml` with its overlay below `DATA_DIR`.

mod configure;
mod error;
mod fields;
mod masking;
mod network;
mod patch;
mod plan;
mod references;
mod replaced;
mod sections;
mod settings;
mod update;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use self::configure::configure;
pub use self::error::ServerConfigError;
pub use self::fields::{ConfigField, ConfigSection, FieldKind, show_server_config};
pub use self::sections::Applies;
pub use self::settings::InstanceSettings;
pub use self::update::{preview_server_config, update_server_config};
use crate::access::Admin;
use crate::protocol::server_config::ServerConfig;
use crate::protocol::vocabulary::SourceType;
use masking::{SECRET_PATTERNS, masked};

/// Returns what is set, without secrets.
pub async fn get_server_config(settings: &Arc<InstanceSettings>, _: &Admin) -> Result<ServerConfig, ServerConfigError> {
    let state = settings.read().await?;
    let values = state.loaded.as_ref().map(|loaded| &loaded.values);
    let section = |name: &&str| {
        let value = values.and_then(|values| values.get(*name)).map(masked);
        let mut value = value.unwrap_or_else(|| Value::Object(Map::new()));
        add_limits(&mut value);
        ((*name).to_owned(), value)
    };
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Ok(ServerConfig {
        sections: sections::EDITABLE.iter().map(section).collect(),
        editable_sections: owned(&sections::EDITABLE),
        danger_sections: owned(&sections::DANGER),
        secret_key_patterns: owned(&SECRET_PATTERNS),
        known_fields: fields::KNOWN.clone(),
        restart_pending: state.restart_pending,
        overlay_error: state.overlay_error,
    })
}

/// A BigQuery block has its limits, whether they are set or not.
fn add_limits(section: &mut Value) {
    let Some(Value::Object(block)) = section.get_mut(SourceType::BIGQUERY.as_str()) else {
        return;
    };
    for (key, default) in [("max_bytes_per_materialize", 10_737_418_240_u64), ("bq_max_scan_bytes", 5_368_709_120)] {
        block.entry(key).or_insert(default.into());
    }
}
