//! The statement that computes a metric.

use std::sync::Arc;

use crate::access::{Principal, readable_by_name};
use crate::base::ident::quote_ident;
use crate::domain::{Error, Result};
use crate::extract::Publication;
use crate::protocol::metrics::{Breakdown, Grain, MetricDefinition, MetricStatement};
use crate::query::predicate::{self, Flaw, Selection};
use crate::query::{QueryEngine, QueryError, most_similar};
use crate::store::Snapshot;

/// Why a metric cannot be compiled.
#[derive(Debug)]
pub enum CompileError {
    Metric(Error),
    Predicate(Flaw),
    Query(QueryError),
}

impl From<Error> for CompileError {
    fn from(error: Error) -> Self {
        Self::Metric(error)
    }
}

/// Returns the statement that computes a metric with this breakdown.
pub async fn compile_metric(
    snapshot: &Snapshot,
    publication: &Publication,
    engine: &QueryEngine,
    caller: &Principal,
    id: &str,
    breakdown: &Breakdown,
) -> Result<MetricStatement, CompileError> {
    let metric = &super::find(snapshot, caller, id)?.definition;
    let sql = match (metric.expression.as_deref().filter(|text| is_said(text)), table(metric)) {
        (Some(expression), Some(table)) => {
            let sql = aggregate(metric, expression, table, breakdown)?;
            if let Some(predicate) = &breakdown.predicate {
                let columns = columns(snapshot, publication, caller, metric, table)?;
                check(engine, caller, table, columns, predicate).await?;
            }
            sql
        }
        _ if !is_said(&metric.sql) => {
            let reason = format!("Metric '{id}' has neither an expression over one table nor a statement");
            return Err(Error::invalid(reason).into());
        }
        _ if !breakdown.is_empty() => {
            return Err(Error::invalid(format!(
                "Metric '{id}' is a complete statement, which cannot be broken down or filtered; for that its definition \
                 needs an expression and a table"
            ))
            .into());
        }
        _ => metric.sql.trim().trim_end_matches(';').to_owned(),
    };
    Ok(MetricStatement { id: id.to_owned(), sql })
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty()
}

/// The only table that it is computed from.
fn table(metric: &MetricDefinition) -> Option<&str> {
    let named = metric.table_name.as_deref().filter(|name| is_said(name));
    named.or_else(|| match metric.tables.as_deref() {
        Some([only]) => Some(only),
        _ => None,
    })
}

/// The columns of the table that the statement reads.
fn columns(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    metric: &MetricDefinition,
    table: &str,
) -> Result<Vec<String>> {
    let found = readable_by_name(snapshot, publication, caller, table).ok_or_else(|| {
        Error::not_found(format!("Table '{table}', from which metric '{}' is computed, has no data", metric.id))
    })?;
    Ok(found.table().columns.iter().map(|column| column.name.clone()).collect())
}

/// Checks that the predicate is one expression over those columns, which the parentheses of the statement hold.
async fn check(
    engine: &QueryEngine,
    caller: &Principal,
    table: &str,
    columns: Vec<String>,
    predicate: &str,
) -> Result<(), CompileError> {
    let selection = Selection {
        table: table.to_owned(),
        alias: table.to_owned(),
        columns,
        select: Vec::new(),
        predicate: Some(predicate.to_owned()),
        order_by: Vec::new(),
    };
    let person: Arc<str> = caller.user().id.as_str().into();
    let checked = predicate::checked(selection, engine, &person).await.map_err(CompileError::Query)?;
    checked.map(drop).map_err(CompileError::Predicate)
}

fn aggregate(metric: &MetricDefinition, expression: &str, table: &str, breakdown: &Breakdown) -> Result<String> {
    let mut columns = Vec::new();
    if let Some(grain) = breakdown.grain {
        columns.push(period(metric, table, grain)?);
    }
    for wanted in &breakdown.by {
        let dimension = dimension(metric, wanted)?;
        columns.push(format!("{} AS {}", column(dimension, table), quote_ident(dimension)));
    }
    let groups = columns.len();
    // On lines of their own, so that a comment at their end hides nothing.
    columns.push(format!("(\n{expression}\n) AS {}", quote_ident(&metric.name)));
    let mut sql = format!("SELECT {}\nFROM {}", columns.join(", "), quote_ident(table));
    let conditions: Vec<String> = metric
        .filters
        .iter()
        .flatten()
        .filter(|filter| is_said(filter))
        .chain(&breakdown.predicate)
        .map(|condition| format!("(\n{condition}\n)"))
        .collect();
    if !conditions.is_empty() {
        sql += &format!("\nWHERE {}", conditions.join(" AND "));
    }
    if groups > 0 {
        let places = (1..=groups).map(|place| place.to_string()).collect::<Vec<_>>().join(", ");
        sql += &format!("\nGROUP BY {places}\nORDER BY {places}");
    }
    Ok(sql)
}

/// The column with the period of each row.
fn period(metric: &MetricDefinition, table: &str, grain: Grain) -> Result<String> {
    let time = metric.time_column.as_deref().filter(|name| is_said(name));
    let time = time.ok_or_else(|| Error::invalid(format!("Metric '{}' has no time column", metric.id)))?;
    Ok(format!("CAST(date_trunc('{grain}', {}) AS DATE) AS {}", column(time, table), quote_ident(&grain.to_string())))
}

fn dimension<'a>(metric: &'a MetricDefinition, wanted: &str) -> Result<&'a str> {
    let known = metric.dimensions.as_deref().unwrap_or_default();
    if let Some(found) = known.iter().find(|name| name.eq_ignore_ascii_case(wanted)) {
        return Ok(found);
    }
    let hint = match most_similar(known.iter().map(String::as_str), wanted) {
        Some(similar) => format!("Did you mean '{similar}'? It has: {}", known.join(", ")),
        None if known.is_empty() => "It has none".into(),
        None => format!("It has: {}", known.join(", ")),
    };
    Err(Error::invalid(format!("Metric '{}' has no dimension '{wanted}'. {hint}", metric.id)))
}

/// A column as it is named in a definition, with or without its table.
fn column(name: &str, table: &str) -> String {
    let bare = name.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    format!("{}.{}", quote_ident(table), quote_ident(bare))
}
