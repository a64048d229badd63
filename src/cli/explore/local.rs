//! A table of the workspace.

use serde_json::json;

use super::sample::Sample;
use crate::base::ident::quote_ident;
use crate::base::text::thousands;
use crate::cli::query::local;
use crate::cli::{CliError, Context, Output, Table};
use crate::engine::{self, Connection};
use crate::query::most_similar;
use crate::query::output::Values;
use crate::query::rows::{self, Options};

const SAMPLE_ROWS: usize = 5;

pub fn explore(typed: &str, context: &Context) -> anyhow::Result<Output> {
    let connection = local::connect(typed, context)?;
    let names = names(&connection).map_err(local::query_error)?;
    let Some(table) = names.iter().find(|name| name.eq_ignore_ascii_case(typed)) else {
        return not_found(typed, &names, context);
    };
    let relation = quote_ident(table);
    let columns = columns(&connection, &relation).map_err(local::query_error)?;
    let count = format!("SELECT count(*) FROM {relation}");
    let rows: u64 = connection.query_row(&count, [], |row| row.get(0)).map_err(local::query_error)?;
    let options = Options { rows: SAMPLE_ROWS, row_bytes: usize::MAX, is_ordered: false, values: Values::Text };
    let mut sample = Sample::default();
    rows::stream(&connection, &format!("SELECT * FROM {relation} LIMIT {SAMPLE_ROWS}"), options, &mut sample)?;

    let mut output = Output::message(format_args!("Table: {table}"))
        .line(format_args!("Rows: {}", thousands(rows)))
        .line("")
        .line(format_args!("Columns ({}):", columns.len()));
    for (name, kind) in &columns {
        output = output.line(format_args!("  {name:30} {kind}"));
    }
    output = output.line("").line(format_args!("Sample ({} rows):", sample.rows.len())).table(boxed(&sample));
    let columns = columns.iter().map(|(name, kind)| json!({"name": name, "type": kind, "nullable": "YES"}));
    output.json(&json!({
        "table": table,
        "row_count": rows,
        "columns": columns.collect::<Vec<_>>(),
        "sample_rows": sample.objects()?,
    }))
}

fn boxed(sample: &Sample) -> Table {
    let mut table = Table::boxed(&sample.names);
    sample.rows.iter().for_each(|row| table.aligned_row(row.cells()));
    table
}

/// Everything that a query can name.
fn names(connection: &Connection) -> engine::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal
         UNION SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn columns(connection: &Connection, relation: &str) -> engine::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(&format!("DESCRIBE {relation}"))?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The names go to stdout, as in v0.35.
fn not_found(typed: &str, names: &[String], context: &Context) -> anyhow::Result<Output> {
    let meant = most_similar(names.iter().map(String::as_str), typed);
    let meant = meant.map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
    let hint = format!("{meant}What the server has: agnes catalog, then agnes pull or agnes explore --remote {typed}");
    if context.printer.is_json {
        return Err(CliError::bare("not_found", format!("Table '{typed}' not found")).hint(hint).into());
    }
    let output = Output::default().exit(crate::cli::exit::FAILED);
    let output = output.note(format_args!("Table '{typed}' not found. Available:"));
    Ok(names.iter().fold(output, Output::line).note(format_args!("  hint: {hint}")))
}
