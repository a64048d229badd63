//! What a registered table must look like.

use serde_json::Value;

use crate::base::ident::{is_relaxed, is_reserved_table, is_strict, repr};
use crate::base::schedule::{GRAMMAR, Schedule};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::server::http::error::FieldError;
use crate::server::{ApiError, AppState};
use crate::store::registry::Table;

/// Sources that a table can be registered for.
const SOURCE_TYPES: [&SourceType; 2] = [&SourceType::KEBOOLA, &SourceType::LOCAL];
/// Refuses a value of one field.
fn refuse(field: &str, reason: &str, input: impl Into<Value>) -> ApiError {
    ApiError::unprocessable(vec![FieldError::value(&["body", field], reason, input)])
}

/// A table's name is its file's, its view's and what people type in SQL.
pub fn name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "Table name cannot be empty"));
    }
    if is_reserved_table(name) {
        return Err(refuse("name", &format!("name {} is reserved; choose another", repr(name)), name));
    }
    if !is_strict(name) {
        let reason = format!(
            "name {} is unsafe — must match ^[a-zA-Z_][a-zA-Z0-9_]{{0,63}}$: letters, digits and _, not beginning with \
             a digit",
            repr(name)
        );
        return Err(refuse("name", &reason, name));
    }
    Ok(())
}

pub fn source_type(app: &AppState, source: Option<&SourceType>) -> Result<(), ApiError> {
    let Some(source) = source.map(SourceType::as_str).filter(|source| !source.is_empty()) else { return Ok(()) };
    // A source that a connector of somebody else has written.
    if is_strict(source) && app.config.data_dir.extract(source).join(crate::extract::DATABASE).is_file() {
        return Ok(());
    }
    one_of("source_type", source, &SOURCE_TYPES.map(SourceType::as_str))?;
    if app.config.instance.is_configured(source) {
        return Ok(());
    }
    let configured = app.config.instance.source_type();
    Err(ApiError::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "source_type='{source}' is not configured on this instance. The configured data source is '{configured}'. \
             To enable a secondary source, set data_source.{source}.* fields in instance.yaml or via \
             /admin/server-config."
        ),
    ))
}

/// The way to query, with the SQL that only one of them has.
pub fn query_mode(mode: Option<&QueryMode>, query: Option<&str>) -> Result<(), ApiError> {
    mode.map_or(Ok(()), |mode| one_of("query_mode", mode.as_str(), QueryMode::KNOWN))?;
    let is_materialized = mode == Some(&QueryMode::Materialized);
    match query.map(str::trim).filter(|query| !query.is_empty()) {
        Some(query) if !is_materialized => {
            Err(refuse("source_query", "source_query is only valid when query_mode='materialized'", query))
        }
        None if is_materialized => {
            let reason = "query_mode='materialized' requires a non-empty source_query";
            Err(refuse("source_query", reason, Value::Null))
        }
        _ => Ok(()),
    }
}

/// What the fields of a whole row have to say together.
pub fn whole(app: &AppState, table: &Table) -> Result<(), ApiError> {
    query_mode(table.query_mode.as_ref(), table.source_query.as_deref())?;
    let source = table.source_type.as_ref().filter(|source| !source.is_empty());
    if table.is_materialized() && source.is_none_or(|source| *source == SourceType::LOCAL) {
        let reason = "query_mode='materialized' needs a source that runs SQL; source_type 'local' has none";
        return Err(refuse("source_type", reason, table.source_type.clone().map(String::from)));
    }
    source_type(app, source)?;
    place(table)?;
    strategy(table)
}

/// How the rows are fetched, and what that needs.
fn strategy(table: &Table) -> Result<(), ApiError> {
    let Some(strategy) = table.sync_strategy.as_ref().filter(|text| !text.as_str().is_empty()) else { return Ok(()) };
    one_of("sync_strategy", strategy.as_str(), SyncStrategy::KNOWN)?;
    let options = table.sync_options.clone().unwrap_or_default();
    if *strategy == SyncStrategy::Incremental && table.primary_key.is_empty() {
        let reason = "sync_strategy='incremental' needs a primary_key, by which changed rows are found";
        return Err(refuse("primary_key", reason, Value::Array(Vec::new())));
    }
    if *strategy == SyncStrategy::Partitioned && options.partition_by.as_deref().is_none_or(str::is_empty) {
        let reason =
            "sync_strategy='partitioned' needs sync_options.partition_by, the column that decides the partition";
        return Err(refuse("sync_options", reason, Value::Null));
    }
    if !options.columns.is_empty() {
        let needed = table.primary_key.iter().chain(&options.partition_by);
        if let Some(missing) = needed.into_iter().find(|column| !options.columns.contains(column)) {
            let reason =
                format!("sync_options.columns lacks {}, which the primary key or the partition needs", repr(missing));
            return Err(refuse("sync_options", &reason, Value::Null));
        }
    }
    Ok(())
}

pub fn schedule(schedule: Option<&str>) -> Result<(), ApiError> {
    match schedule.filter(|text| !text.is_empty()) {
        Some(text) if Schedule::parse(text).is_none() => {
            Err(refuse("sync_schedule", &format!("sync_schedule must be {GRAMMAR}"), text))
        }
        _ => Ok(()),
    }
}

/// Names at the source that end up in addresses and SQL.
pub fn place(table: &Table) -> Result<(), ApiError> {
    if *table.source() != SourceType::KEBOOLA {
        return Ok(());
    }
    for (field, value) in [("bucket", &table.bucket), ("source_table", &table.source_table)] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty() && !is_relaxed(value)) {
            let reason = format!("{field} {} is unsafe: only letters, digits, _, . and - are allowed", repr(value));
            return Err(refuse(field, &reason, value));
        }
    }
    Ok(())
}

fn one_of(field: &str, value: &str, allowed: &[&str]) -> Result<(), ApiError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let list: Vec<_> = allowed.iter().map(|value| repr(value)).collect();
    Err(refuse(field, &format!("{field} must be one of [{}], got {}", list.join(", "), repr(value)), value))
}
