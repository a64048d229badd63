//! The rules for registered tables.

use serde_json::{Value, json};

use crate::base::ident::{is_reserved_table, is_strict, repr};
use crate::base::schedule::{GRAMMAR, Schedule};
use crate::connectors::{Sources, files};
use crate::domain::{Error, Result};
use crate::protocol::file_format::{FileFormat, FormatChanges};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::registry::Table;

/// Maximum number of columns of a primary key, and of a list of columns.
const MAX_KEY_COLUMNS: usize = 100;
const MAX_COLUMNS: usize = 10_000;

/// A table's name is the name of its file and of its view, and what people type in SQL.
pub fn name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::Unprocessable("Table name cannot be empty".into()));
    }
    if is_reserved_table(name) {
        return Err(Error::field("name", format!("name {} is reserved; choose another", repr(name)), name));
    }
    if !is_strict(name) {
        let reason = format!(
            "name {} is unsafe — must match ^[a-zA-Z_][a-zA-Z0-9_]{{0,63}}$: letters, digits and _, not beginning with \
             a digit",
            repr(name)
        );
        return Err(Error::field("name", reason, name));
    }
    Ok(())
}

/// Refuses the table of a saved query, which is changed with the query.
pub fn is_registered_here(table: &Table) -> Result<()> {
    match *table.source() == SourceType::SAVED_QUERIES {
        true => Err(Error::conflict("This is the table of a saved query: change the query instead")),
        false => Ok(()),
    }
}

/// A source is one of ours that is set up, or one that already has an extract: a custom connector, or an operator, has
/// written that.
fn source_type(sources: &Sources, kind: &SourceType) -> Result<()> {
    if *kind == SourceType::SAVED_QUERIES {
        let reason = "tables of this source are those of saved queries: save a query with a table instead";
        return Err(Error::field("source_type", reason, kind.as_str()));
    }
    if kind.is_empty() || sources.has_extract(kind) {
        return Ok(());
    }
    let Some(source) = sources.get(kind) else {
        let known: Vec<_> = sources.iter().map(|source| source.kind()).collect();
        let known: Vec<_> = known.iter().map(SourceType::as_str).collect();
        return one_of("source_type", kind.as_str(), &known);
    };
    if sources.is_configured(source) {
        return Ok(());
    }
    Err(Error::Unprocessable(format!(
        "source_type='{kind}' is not configured on this instance. The configured data source is '{}'. \
         To enable a secondary source, set data_source.{kind}.* fields in instance.yaml or via /admin/server-config.",
        sources.main()
    )))
}

/// The query mode, with the SQL that only materialized tables have.
pub fn query_mode(mode: Option<&QueryMode>, query: Option<&str>) -> Result<()> {
    mode.map_or(Ok(()), |mode| one_of("query_mode", mode.as_str(), QueryMode::KNOWN))?;
    let is_materialized = mode == Some(&QueryMode::Materialized);
    match query.map(str::trim).filter(|query| !query.is_empty()) {
        Some(query) if !is_materialized => {
            Err(Error::field("source_query", "source_query is only valid when query_mode='materialized'", query))
        }
        None if is_materialized => {
            let reason = "query_mode='materialized' requires a non-empty source_query";
            Err(Error::field("source_query", reason, Value::Null))
        }
        _ => Ok(()),
    }
}

/// The rules that concern several fields of a row.
pub fn row(sources: &Sources, table: &Table) -> Result<()> {
    query_mode(table.query_mode.as_ref(), table.source_query.as_deref())?;
    let named = table.source_type.as_ref().filter(|source| !source.is_empty());
    let source = sources.get(table.source());
    if table.is_materialized() {
        let runs_sql = source.is_none_or(|source| source.query_modes().contains(&QueryMode::Materialized));
        if named.is_none() || !runs_sql {
            let reason = "query_mode='materialized' needs a source that runs SQL; source_type 'local' has none";
            return Err(Error::field("source_type", reason, table.source_type.clone().map(String::from)));
        }
    }
    named.map_or(Ok(()), |kind| source_type(sources, kind))?;
    source
        .map_or(Ok(()), |source| source.check(table))
        .map_err(|invalid| Error::field(invalid.field, invalid.reason, invalid.input))?;
    table.file_format.as_ref().map_or(Ok(()), |format| {
        if *table.source() == SourceType::LOCAL {
            return file_format(format);
        }
        let reason =
            format!("file_format is only for tables of source_type '{}'; send {{}} to clear it", SourceType::LOCAL);
        Err(Error::field("file_format", reason, json!(format)))
    })?;
    strategy(table, source.is_some_and(|source| source.has_keys()))
}

/// What is declared after the changes, if that is valid.
pub fn changed_format(stored: Option<FileFormat>, changes: FormatChanges) -> Result<FileFormat> {
    let input = json!(changes);
    let format = changes.apply(stored.unwrap_or_default());
    let format = format.map_err(|reason| Error::field("file_format", reason, input))?;
    file_format(&format)?;
    Ok(format)
}

/// How files are to be read.
pub fn file_format(format: &FileFormat) -> Result<()> {
    files::check_format(format).map_err(|reason| Error::field("file_format", reason, json!(format)))
}

/// The sync strategy, and the fields that it needs. The primary key may be known at the source only.
fn strategy(table: &Table, source_has_keys: bool) -> Result<()> {
    let lists = table.sync_options.as_ref().map_or(0, |options| options.columns.len().max(options.where_filters.len()));
    count("sync_options", lists, MAX_COLUMNS)?;
    count("primary_key", table.primary_key.len(), MAX_KEY_COLUMNS)?;
    let Some(strategy) = table.sync_strategy.as_ref().filter(|text| !text.as_str().is_empty()) else { return Ok(()) };
    one_of("sync_strategy", strategy.as_str(), SyncStrategy::KNOWN)?;
    let options = table.sync_options.clone().unwrap_or_default();
    if *strategy == SyncStrategy::Incremental && table.primary_key.is_empty() && !source_has_keys {
        let reason = "sync_strategy='incremental' needs a primary_key, by which changed rows are found";
        return Err(Error::field("primary_key", reason, Value::Array(Vec::new())));
    }
    if *strategy == SyncStrategy::Partitioned && options.partition_by.as_deref().is_none_or(str::is_empty) {
        let reason =
            "sync_strategy='partitioned' needs sync_options.partition_by, the column that decides the partition";
        return Err(Error::field("sync_options", reason, Value::Null));
    }
    if !options.columns.is_empty() {
        let needed = table.primary_key.iter().chain(&options.partition_by);
        if let Some(missing) = needed.into_iter().find(|column| !options.columns.contains(column)) {
            let reason =
                format!("sync_options.columns lacks {}, which the primary key or the partition needs", repr(missing));
            return Err(Error::field("sync_options", reason, Value::Null));
        }
    }
    Ok(())
}

/// Checks that a list in `field` has at most `max` items.
fn count(field: &str, items: usize, max: usize) -> Result<()> {
    if items > max {
        return Err(Error::field(field, format!("{field} must have at most {max} columns"), items));
    }
    Ok(())
}

pub fn schedule(schedule: Option<&str>) -> Result<()> {
    match schedule.filter(|text| !text.is_empty()) {
        Some(text) if Schedule::parse(text).is_none() => {
            Err(Error::field("sync_schedule", format!("sync_schedule must be {GRAMMAR}"), text))
        }
        _ => Ok(()),
    }
}

fn one_of(field: &str, value: &str, allowed: &[&str]) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let list: Vec<_> = allowed.iter().map(|value| repr(value)).collect();
    Err(Error::field(field, format!("{field} must be one of [{}], got {}", list.join(", "), repr(value)), value))
}
