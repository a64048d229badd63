//! Metric definitions, and the tables that each one reads.

mod sources;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::sources::Sources;
use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::engine::{self, Row, params};
use crate::protocol::metrics::MetricDefinition;

#[derive(Clone, Debug)]
pub struct Metric {
    pub definition: MetricDefinition,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub sources: Sources,
}

/// By id.
pub type Metrics = BTreeMap<String, Arc<Metric>>;

const COLUMNS: &str = "id, name, display_name, category, description, type, unit, grain, table_name,
    to_json(tables)::VARCHAR, expression, time_column, to_json(dimensions)::VARCHAR, to_json(filters)::VARCHAR,
    to_json(synonyms)::VARCHAR, to_json(notes)::VARCHAR, sql, sql_variants::VARCHAR, validation::VARCHAR, source,
    epoch_us(created_at), epoch_us(updated_at)";

fn definition(row: &Row<'_>) -> engine::Result<MetricDefinition> {
    read_row!(row => MetricDefinition {
        id, name, display_name, category, description, kind, unit, grain, table_name, tables: json, expression,
        time_column, dimensions: json, filters: json, synonyms: json, notes: json, sql, sql_variants: json,
        validation: json, source
    })
}

/// A JSON text; `None` for one that has another form.
fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> engine::Result<Option<T>> {
    Ok(row.get::<_, Option<String>>(index)?.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Metrics> {
    let metrics: Vec<(MetricDefinition, _, _)> =
        reader.list(&format!("SELECT {COLUMNS} FROM metric_definitions"), [], |row| {
            Ok((definition(row)?, row::time(row, 20)?, row::time(row, 21)?))
        })?;
    let metrics = metrics.into_iter().map(|(definition, created_at, updated_at)| {
        let sources = Sources::of(reader, &definition)?;
        Ok((definition.id.clone(), Arc::new(Metric { definition, created_at, updated_at, sources })))
    });
    metrics.collect()
}

/// Stores a metric in place of the one with that id, which keeps its time of creation.
pub fn put(change: &Change<'_>, metric: &MetricDefinition) -> Result<()> {
    let created: Option<Option<i64>> =
        change
            .find("SELECT epoch_us(created_at) FROM metric_definitions WHERE id = ?", [&metric.id], |row| row.get(0))?;
    change.run("DELETE FROM metric_definitions WHERE id = ?", [&metric.id])?;
    let now = change.now.as_microsecond();
    let created = created.unwrap_or(Some(now));
    let list = |items: &Option<Vec<String>>| items.as_ref().map(|items| serde_json::json!(items).to_string());
    let object = |map: &Option<_>| map.as_ref().map(|map| serde_json::json!(map).to_string());
    let MetricDefinition { id, name, display_name, category, description, kind, unit, grain, .. } = metric;
    let MetricDefinition { table_name, tables, expression, time_column, dimensions, filters, synonyms, .. } = metric;
    let MetricDefinition { notes, sql, sql_variants, validation, source, .. } = metric;
    change.run(
        r#"INSERT INTO metric_definitions
               (id, name, display_name, category, description, type, unit, grain, table_name, tables, expression,
                time_column, dimensions, filters, synonyms, notes, sql, sql_variants, validation, source, created_at,
                updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, from_json(?::JSON, '["VARCHAR"]'), ?, ?,
               from_json(?::JSON, '["VARCHAR"]'), from_json(?::JSON, '["VARCHAR"]'), from_json(?::JSON, '["VARCHAR"]'),
               from_json(?::JSON, '["VARCHAR"]'), ?, ?::JSON, ?::JSON, ?, make_timestamp(?::BIGINT),
               make_timestamp(?::BIGINT))"#,
        params![
            id,
            name,
            display_name,
            category,
            description,
            kind,
            unit,
            grain,
            table_name,
            list(tables),
            expression,
            time_column,
            list(dimensions),
            list(filters),
            list(synonyms),
            list(notes),
            sql,
            object(sql_variants),
            object(validation),
            source,
            created,
            now
        ],
    )
}

pub fn delete(change: &Change<'_>, id: &str) -> Result<()> {
    match change.execute("DELETE FROM metric_definitions WHERE id = ?", [id])? {
        0 => Err(StoreError::NotFound(format!("Metric '{id}' not found"))),
        _ => Ok(()),
    }
}
