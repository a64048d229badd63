//! Queries on the pulled files.
//!
//! The views are defined in a database in memory, over the current files: a query does not block a pull, does not depend
//! on views from the last pull, and works after the workspace is moved. The user's own tables in `analytics.duckdb` are
//! attached read-only.

use std::time::{Duration, Instant};

use super::Format;
use super::rows::RowWriter;
use crate::base::ident::{quote_ident, quote_path};
use crate::cli::pull::views;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Output};
use crate::engine::{self, Connection, FromSql, Limits, LogicalTypeId as Type, Row, Statement};
use crate::query::{self, ColumnType, Columns};

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
    let (mut statement, columns) = prepare(&connection, sql, limit).map_err(query_error)?;
    // Executing apart from fetching gives the columns before the rows.
    statement.raw_execute().map_err(query_error)?;
    let (columns, get) = match columns {
        Some(columns) => (columns, vec![text::<String> as Get; statement.column_count()]),
        None => plain(&statement)?,
    };
    let names = columns.names();
    let mut writer = RowWriter::begin(format, &names, &context.printer)?;
    let mut rows = statement.raw_query();
    let mut shown = 0;
    while let Some(row) = rows.next().map_err(query_error)? {
        if shown == limit {
            return Ok((writer.end()?, true));
        }
        let mut values = vec![String::new(); names.len()];
        for (index, (out, get)) in values.iter_mut().zip(&get).enumerate() {
            columns.write(out, index, get(row, index).map_err(query_error)?.as_deref());
        }
        writer.row(&values)?;
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

/// Prepares the statement. Where it can be a subquery, it returns its columns as texts, and stops one row after the limit.
fn prepare<'a>(connection: &'a Connection, sql: &str, limit: i64) -> engine::Result<(Statement<'a>, Option<Columns>)> {
    // First as typed, so that errors refer to that text. It executes all but the last of several statements.
    let statement = connection.prepare(sql)?;
    let last = query::last_statement(sql);
    let rows = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let texts = Columns::describe(connection, last)
        .and_then(|columns| Ok((connection.prepare(&columns.select_texts(last, rows))?, columns)));
    Ok(texts.map_or((statement, None), |(texts, columns)| (texts, Some(columns))))
}

/// How a value of a column becomes text.
type Get = fn(&Row<'_>, usize) -> engine::Result<Option<String>>;

fn text<T: FromSql + ToString>(row: &Row<'_>, column: usize) -> engine::Result<Option<String>> {
    Ok(row.get::<_, Option<T>>(column)?.map(|value| value.to_string()))
}

/// The columns of a statement that cannot be a subquery, such as `EXPLAIN`, if the engine's API returns them exactly.
fn plain(statement: &Statement<'_>) -> Result<(Columns, Vec<Get>), CliError> {
    let (mut columns, mut gets) = (Vec::new(), Vec::new());
    for (index, name) in statement.column_names().into_iter().enumerate() {
        let (column, get): (_, Get) = match statement.column_logical_type(index).id() {
            Type::Boolean => ("BOOLEAN", text::<bool>),
            Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint => ("BIGINT", text::<i64>),
            Type::UTinyint | Type::USmallint | Type::UInteger | Type::UBigint => ("UBIGINT", text::<u64>),
            Type::Double => ("DOUBLE", text::<f64>),
            Type::Varchar | Type::Uuid | Type::SqlNull => ("VARCHAR", text::<String>),
            _ => {
                let message = format!("column {name} cannot be shown as the result of this kind of statement");
                return Err(CliError::new("query_error", message).hint("Use a SELECT, or cast the column to VARCHAR."));
            }
        };
        columns.push((name, ColumnType::Scalar(column.into())));
        gets.push(get);
    }
    Ok((Columns::new(columns), gets))
}

fn query_error(error: engine::Error) -> CliError {
    CliError::bare("query_error", format!("Query error: {}", engine::message(&error)))
}
