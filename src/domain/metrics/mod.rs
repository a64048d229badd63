//! Metric definitions.

mod compile;
mod import;
pub mod yaml;

pub use compile::{CompileError, compile_metric};
pub use import::{Document, import_metrics};

use serde_json::json;

use crate::access::{Admin, Principal, may_see_metric, visible_metrics};
use crate::base::time;
use crate::domain::{Error, Result, write_as};
use crate::protocol::metrics::{Metric, MetricDefinition, Metrics};
use crate::store::audit::{self, Action};
use crate::store::{Snapshot, Store, metrics};

/// Longest id in bytes: it is a part of addresses.
const MAX_ID: usize = 500;

/// Returns the metrics that the caller may see, in order of names; with a category only those of that category.
pub fn list_metrics(snapshot: &Snapshot, caller: &Principal, category: Option<&str>) -> Metrics {
    let is_wanted = |metric: &Metric| category.is_none_or(|category| metric.category == category);
    let mut metrics: Vec<Metric> =
        visible_metrics(snapshot, caller).map(|metric| body(metric)).filter(is_wanted).collect();
    metrics.sort_by(|one, two| one.name.cmp(&two.name));
    Metrics { count: metrics.len(), metrics }
}

/// Returns a metric that the caller may see.
pub fn get_metric(snapshot: &Snapshot, caller: &Principal, id: &str) -> Result<Metric> {
    find(snapshot, caller, id).map(body)
}

fn find<'a>(snapshot: &'a Snapshot, caller: &Principal, id: &str) -> Result<&'a metrics::Metric> {
    let metric = snapshot.metrics.get(id).filter(|metric| may_see_metric(snapshot, caller, metric));
    metric.map(AsRef::as_ref).ok_or_else(|| Error::not_found(format!("Metric '{id}' not found")))
}

fn body(metric: &metrics::Metric) -> Metric {
    let it = metric.definition.clone();
    Metric {
        id: it.id,
        name: it.name,
        display_name: it.display_name,
        category: it.category,
        description: it.description,
        kind: it.kind,
        unit: it.unit,
        grain: it.grain,
        table_name: it.table_name,
        tables: it.tables,
        expression: it.expression,
        time_column: it.time_column,
        dimensions: it.dimensions,
        filters: it.filters,
        synonyms: it.synonyms,
        notes: it.notes,
        sql: it.sql,
        sql_variants: it.sql_variants.map(|map| json!(map).to_string()),
        validation: it.validation.map(|map| json!(map).to_string()),
        source: it.source,
        created_at: metric.created_at.map(time::iso_naive),
        updated_at: metric.updated_at.map(time::iso_naive),
    }
}

/// Stores a metric in place of the one with that id.
pub async fn put_metric(store: &Store, admin: &Admin, definition: MetricDefinition) -> Result<Metric> {
    if let Err(Fault { field, reason, input }) = check(&definition) {
        return Err(Error::field(field, reason, input));
    }
    let (actor, id) = (admin.actor(), definition.id.clone());
    let written = write_as(store, admin.clone(), move |change| {
        metrics::put(change, &definition)?;
        Ok(audit::record(change, &actor, Action::MetricPut, &definition.id, json!(definition))?)
    });
    written.await?;
    find(&store.snapshot(), admin, &id).map(body)
}

/// Deletes a metric.
pub async fn delete_metric(store: &Store, admin: &Admin, id: String) -> Result<()> {
    let actor = admin.actor();
    let written = write_as(store, admin.clone(), move |change| {
        metrics::delete(change, &id)?;
        Ok(audit::record(change, &actor, Action::MetricDelete, &id, json!(null))?)
    });
    written.await
}

/// A field of a definition that breaks a rule.
#[derive(Debug)]
struct Fault {
    field: &'static str,
    reason: &'static str,
    input: String,
}

fn check(metric: &MetricDefinition) -> Result<(), Fault> {
    let MetricDefinition { id, name, display_name, category, .. } = metric;
    for (field, value) in [("id", id), ("name", name), ("display_name", display_name), ("category", category)] {
        let reason = if value.trim().is_empty() {
            "must not be empty"
        } else if value.len() > MAX_ID {
            "is longer than 500 bytes"
        } else if value.contains(char::is_control) {
            "must not contain control characters"
        } else if field == "id" && value == "import" {
            "is reserved"
        } else {
            continue;
        };
        return Err(Fault { field, reason, input: value.clone() });
    }
    Ok(())
}
