use serde_json::{Value, json};

use crate::access::ReadableTable;
use crate::base::time;
use crate::config::DataDir;
use crate::domain::Error;
use crate::store::{Store, profiles};

/// Returns the profile of a table: what its columns hold, as of its last profiled content.
pub async fn get_profile(store: &Store, data_dir: &DataDir, table: &ReadableTable) -> Result<Option<Value>, Error> {
    let name = table.table().name.clone();
    let stored = store.read(move |connection| profiles::get(connection, &name)).await?;
    if let Some((mut profile, at)) = stored {
        profile["profiled_at"] = json!(at.map(time::iso_naive));
        return Ok(Some(profile));
    }
    Ok(legacy_profile(data_dir, &table.table().name).await)
}

/// Returns the profile that the batch profiler of v0.35 left.
async fn legacy_profile(data_dir: &DataDir, table: &str) -> Option<Value> {
    let text = tokio::fs::read(data_dir.legacy_profiles()).await.ok()?;
    let mut legacy: Value = serde_json::from_slice(&text).ok()?;
    let tables = if legacy["tables"].is_object() { legacy["tables"].take() } else { legacy };
    tables.get(table).cloned()
}
