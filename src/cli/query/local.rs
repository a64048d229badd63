//! Queries on the pulled files.
//!
//! The views are defined in a database in memory, over the current files: a query does not block a pull, does not depend
//! on views from the last pull, and works after the workspace is moved. The user's own tables in `analytics.duckdb` are
//! attached read-only.

use std::time::{Duration, Instant};

use super::Format;
use super::cell::Cell;
use super::rows::RowWriter;
use crate::base::ident::{quote_ident, quote_path};
use crate::cli::pull::views;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Output};
use crate::engine::{self, Connection, Limits, Statement};
use crate::query::{self, ColumnType};

/// Timeout for a pull that is changing the views of `analytics.duckdb`.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes at most `limit` rows; the flag is whether there were more.
pub fn run(sql: &str, limit: i64, format: Format, context: &Context) -> anyhow::Result<(Output, bool)> {
    let workspace = Workspace::locate(context, false)?;
    let tables = workspace.tables()?;
    if tables.is_empty() && !workspace.database().exists() {
        return Err(CliError::bare("no_data", "Local DuckDB not found. Run: agnes pull").into());
    }
    let connection = open(&workspace, &tables, sql, context).map_err(query_error)?;
    let (mut statement, texts) = prepare(&connection, sql, limit).map_err(query_error)?;
    // Executing apart from fetching gives the columns before the rows.
    statement.raw_execute().map_err(query_error)?;
    let columns = statement.column_names();
    let zoned: Vec<bool> = (0..columns.len()).map(|index| is_zoned(&statement, index)).collect();
    let mut writer = RowWriter::begin(format, &columns, &context.printer)?;
    let mut rows = statement.raw_query();
    let mut shown = 0;
    while let Some(row) = rows.next().map_err(query_error)? {
        if shown == limit {
            return Ok((writer.end()?, true));
        }
        let cell = |(index, zoned): (usize, &bool)| match texts.get(index) {
            Some(Some(column)) => Ok(Cell::from_text(column, row.get::<_, Option<String>>(index)?.as_deref())),
            _ => row.get_ref(index).map(|value| Cell::from_engine(value.to_owned(), *zoned)),
        };
        let cells = zoned.iter().enumerate().map(cell);
        writer.row(cells.collect::<engine::Result<_>>().map_err(query_error)?)?;
        shown += 1;
    }
    Ok((writer.end()?, false))
}

fn open(workspace: &Workspace, tables: &[String], sql: &str, context: &Context) -> engine::Result<Connection> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let spill = Some(workspace.duckdb_dir().join(".spill"));
    let limits = Limits { memory: "1GB".into(), threads, spill, extensions: None };
    let connection = engine::in_memory(&limits)?;
    // This is the user's own machine: use the engine's default, 80 % of its memory.
    connection.execute_batch("RESET memory_limit")?;
    let own = attach_analytics(&connection, workspace, sql, context)?;
    for table in tables.iter().filter(|table| !own.iter().any(|name| name.eq_ignore_ascii_case(table))) {
        let view = workspace.relation(table).map_err(|error| error.to_string()).and_then(|rows| {
            let view = format!("CREATE VIEW {} AS SELECT * FROM {rows}", quote_ident(table));
            connection.execute_batch(&view).map_err(|error| engine::message(&error))
        });
        if let Err(reason) = view {
            context.printer.warn(format_args!("{table}: its file cannot be read; run agnes pull ({reason})"));
        }
    }
    // Whatever a statement writes here would be lost, so writing is an error.
    connection.execute_batch("BEGIN TRANSACTION READ ONLY")?;
    Ok(connection)
}

/// Makes the user's own tables and views visible, and returns their names. The file is released when it holds none.
fn attach_analytics(
    connection: &Connection,
    workspace: &Workspace,
    sql: &str,
    context: &Context,
) -> engine::Result<Vec<String>> {
    if !workspace.database().exists() {
        return Ok(Vec::new());
    }
    let attach = format!("ATTACH {} AS analytics (READ_ONLY)", quote_path(&workspace.database()));
    let deadline = Instant::now() + LOCK_TIMEOUT;
    while let Err(error) = connection.execute_batch(&attach) {
        if !views::is_busy(&error) || Instant::now() >= deadline {
            let reason = engine::message(&error);
            context.printer.warn(format_args!("your own tables in analytics.duckdb are not available: {reason}"));
            return Ok(Vec::new());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let objects = views::objects(connection, "analytics")?;
    let own: Vec<String> = objects.into_iter().filter(|(_, is_ours)| !is_ours).map(|(name, _)| name).collect();
    if own.is_empty() && !sql.contains("analytics") {
        connection.execute_batch("DETACH analytics")?;
    } else {
        connection.execute_batch("SET search_path = 'memory.main,analytics.main'")?;
    }
    Ok(own)
}

/// Prepares the statement. A single SELECT is made to stop one row after the limit, and to return as text the columns
/// whose values the engine's API would not return exactly; the types of those columns are returned, `None` for others.
fn prepare<'a>(
    connection: &'a Connection,
    sql: &str,
    limit: i64,
) -> engine::Result<(Statement<'a>, Vec<Option<ColumnType>>)> {
    // First as typed, so that errors refer to that text.
    let statement = connection.prepare(sql)?;
    let text = sql.trim().trim_end_matches(';');
    if text.contains(';') {
        return Ok((statement, Vec::new()));
    }
    // Not every statement can be a subquery.
    let Ok((values, names, texts)) = selection(connection, text) else { return Ok((statement, Vec::new())) };
    let limited = format!("SELECT {values} FROM (\n{text}\n) AS q({names}) LIMIT {}", limit.saturating_add(1));
    Ok(connection.prepare(&limited).map_or((statement, Vec::new()), |limited| (limited, texts)))
}

/// The select list, the column names to select from, and the types of the columns that come as text.
fn selection(connection: &Connection, text: &str) -> engine::Result<(String, String, Vec<Option<ColumnType>>)> {
    let mut description = connection.prepare(&format!("DESCRIBE (\n{text}\n)"))?;
    let rows = description.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let (mut values, mut names, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (index, row) in rows.enumerate() {
        let (name, described) = row?;
        let column = Some(ColumnType::parse(&described)).filter(|column| is_lossy(column, &described));
        let value = column.as_ref().map_or(format!("c{index}"), |column| query::as_text(column, index));
        values.push(format!("{value} AS {}", quote_ident(&name)));
        names.push(format!("c{index}"));
        texts.push(column);
    }
    Ok((values.join(", "), names.join(", "), texts))
}

/// Whether values of this type lose something in the engine's API: offsets, digits, or that they are text.
fn is_lossy(column: &ColumnType, described: &str) -> bool {
    match column {
        // A struct without names is parsed as VARCHAR.
        ColumnType::Scalar(name) if name == "VARCHAR" => described != "VARCHAR",
        ColumnType::Scalar(name) => ["TIME WITH TIME ZONE", "TIME_NS", "BIT", "BIGNUM", "VARIANT"].contains(&&**name),
        _ => true,
    }
}

/// Whether a column is `TIMESTAMP WITH TIME ZONE`, which its values do not show.
fn is_zoned(statement: &Statement<'_>, column: usize) -> bool {
    format!("{:?}", statement.column_logical_type(column).id()) == "TimestampTZ"
}

fn query_error(error: engine::Error) -> CliError {
    CliError::bare("query_error", format!("Query error: {}", engine::message(&error)))
}
