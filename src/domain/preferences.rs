//! What users want synced. Preferences only: grants decide what a user may read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::access::{Principal, holds};
use crate::base::{ident, time};
use crate::domain::{Error, Result, rules, write_as};
use crate::protocol::settings::{SyncSetting, UpdatedDatasets, UpdatedSubscriptions};
use crate::store::audit::Action;
use crate::store::{Store, StoreError, Transaction, audit, sync_settings};

/// Returns the caller's preferences, by dataset.
pub async fn list_preferences(store: &Store, caller: &Principal) -> Result<Vec<SyncSetting>> {
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

/// Whether each of these datasets is on.
type Datasets = BTreeMap<String, bool>;

const TABLE_MODES: [&str; 2] = ["all", "selected"];

/// How many datasets one request may name.
const MAX_DATASETS: usize = 5_000;
/// Maximum length of the name of a dataset, in characters.
const MAX_NAME_CHARS: usize = 500;

/// Switches one table on or off for the caller.
pub async fn set_dataset(store: &Store, caller: &Principal, dataset: &str, enabled: bool) -> Result<()> {
    rules::limit("dataset", dataset, MAX_NAME_CHARS)?;
    let (caller, dataset) = (caller.clone(), dataset.to_owned());
    let written = write_as(store, caller.clone(), move |change| {
        if !holds(change.snapshot(), &caller, &dataset) {
            return Err(Error::Forbidden(format!("No access to dataset '{dataset}'")));
        }
        if sync_settings::put(change, &caller.user().id, [(&dataset, &enabled)], None)? {
            record(change, &caller, json!({ "dataset": dataset, "enabled": enabled }))?;
        }
        Ok(())
    });
    written.await
}

/// Switches tables on or off for the caller. Those that the caller may not read are rejected one by one.
pub async fn set_datasets(store: &Store, caller: &Principal, datasets: Datasets) -> Result<UpdatedDatasets> {
    check_names("datasets", &datasets)?;
    let caller = caller.clone();
    let written = write_as(store, caller.clone(), move |change| {
        let (allowed, rejected) = split(change, &caller, datasets);
        if sync_settings::put(change, &caller.user().id, &allowed, None)? {
            record(change, &caller, json!({ "datasets": allowed }))?;
        }
        Ok((allowed, rejected))
    });
    let (allowed, rejected) = written.await?;
    let mut updated: BTreeMap<String, Value> =
        allowed.into_iter().map(|(dataset, enabled)| (dataset, json!({ "enabled": enabled }))).collect();
    updated.extend(rejected.into_keys().map(|dataset| (dataset, json!({ "error": "no permission" }))));
    Ok(UpdatedDatasets { updated })
}

/// Subscribes the caller to tables. Those that the caller may not read are rejected one by one.
pub async fn set_subscriptions(
    store: &Store,
    caller: &Principal,
    table_mode: Option<String>,
    tables: Datasets,
) -> Result<UpdatedSubscriptions> {
    check_names("tables", &tables)?;
    let table_mode = table_mode.unwrap_or_else(|| "all".into());
    if !TABLE_MODES.contains(&table_mode.as_str()) {
        return Err(Error::field("table_mode", "table_mode must be one of ['all', 'selected']", table_mode));
    }
    let caller = caller.clone();
    let written = write_as(store, caller.clone(), move |change| {
        let (allowed, rejected) = split(change, &caller, tables);
        if sync_settings::put(change, &caller.user().id, &allowed, Some(&table_mode))? {
            record(change, &caller, json!({ "table_mode": table_mode, "tables": allowed.len() }))?;
        }
        let refused = rejected.into_keys().collect();
        Ok(UpdatedSubscriptions { table_mode, updated: allowed.len(), refused })
    });
    written.await
}

/// Checks that a request does not name too many datasets, or one of them in two spellings.
fn check_names(field: &str, datasets: &Datasets) -> Result<()> {
    if datasets.len() > MAX_DATASETS {
        let reason = format!("{field} must have at most {MAX_DATASETS} entries; send several requests");
        return Err(Error::field(field, reason, datasets.len()));
    }
    let mut seen = BTreeSet::new();
    for dataset in datasets.keys() {
        rules::limit(field, dataset, MAX_NAME_CHARS)?;
        if !seen.insert(dataset.to_lowercase()) {
            let reason = format!("{field} names {} more than once, in different spellings", ident::repr(dataset));
            return Err(Error::field(field, reason, dataset.as_str()));
        }
    }
    Ok(())
}

/// Separates what the caller may read from what they may not.
fn split(change: &Transaction<'_>, caller: &Principal, datasets: Datasets) -> (Datasets, Datasets) {
    datasets.into_iter().partition(|(dataset, _)| holds(change.snapshot(), caller, dataset))
}

fn record(change: &Transaction<'_>, caller: &Principal, details: Value) -> Result<(), StoreError> {
    let resource = format!("user:{}", caller.user().id);
    audit::record(change, &caller.actor(), Action::SyncSettingsUpdate, &resource, details)
}
