//! What a registered table must look like.

use serde_json::Value;

use crate::base::ident::{is_relaxed, is_reserved_table, is_strict, repr};
use crate::base::schedule::{GRAMMAR, Schedule};
use crate::server::error::FieldError;
use crate::server::{ApiError, AppState};
use crate::store::registry::Table;

/// Sources that a table can be registered for.
const SOURCE_TYPES: [&str; 2] = ["keboola", "local"];
/// Ways to query that a table can be registered with.
const QUERY_MODES: [&str; 1] = ["local"];

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

pub fn source_type(app: &AppState, source: Option<&str>) -> Result<(), ApiError> {
    let Some(source) = source.filter(|source| !source.is_empty()) else { return Ok(()) };
    one_of("source_type", source, &SOURCE_TYPES)?;
    if app.config.instance.is_configured(source, &app.config.env) {
        return Ok(());
    }
    let configured = app.config.instance.source_type(&app.config.env);
    Err(ApiError::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "source_type='{source}' is not configured on this instance. The configured data source is '{configured}'. \
             To enable a secondary source, set data_source.{source}.* fields in instance.yaml or via \
             /admin/server-config."
        ),
    ))
}

pub fn query_mode(mode: Option<&str>) -> Result<(), ApiError> {
    mode.map_or(Ok(()), |mode| one_of("query_mode", mode, &QUERY_MODES))
}

pub fn source_query(query: Option<&str>) -> Result<(), ApiError> {
    match query.map(str::trim).filter(|query| !query.is_empty()) {
        Some(query) => Err(refuse("source_query", "source_query is only valid when query_mode='materialized'", query)),
        None => Ok(()),
    }
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
    if table.source_type.as_deref() != Some("keboola") {
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
