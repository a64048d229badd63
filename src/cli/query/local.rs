//! Queries on the pulled files.
//!
//! The views are defined in a database in memory, over the files of the last pull: a query does not block a pull, reads the
//! same files until it ends, and works after the workspace is moved. The user's own tables in `analytics.duckdb` are
//! attached read-only.

use std::fs::File;
use std::io::BufWriter;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::file::ResultFile;
use super::rows::Rows;
use super::shown::Shown;
use crate::base::ident::{quote_ident, quote_path};
use crate::base::lock::FileLock;
use crate::base::memory;
use crate::cli::installed::Installed;
use crate::cli::pull::views;
use crate::cli::snapshot::held::Held;
use crate::cli::snapshot::stored;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context};
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::query::output::{End, Extent, Values, Writer};
use crate::query::rows::{self, Options, Sink};
use crate::query::{self, Outline, QueryError, place};

/// Timeout for a pull that is changing the views of `analytics.duckdb`.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Passes on at most `limit` rows; the flag is whether there were more.
pub fn pass<R: Rows>(connection: &Connection, sql: &str, limit: usize, rows: R) -> anyhow::Result<(R, bool)> {
    let mut shown = Shown::new(rows, limit);
    stream(connection, sql, limit, Values::Text, &mut shown)?;
    Ok(shown.end())
}

/// Writes at most `limit` rows into a file.
pub fn save(connection: &Connection, sql: &str, limit: usize, target: &ResultFile) -> anyhow::Result<End> {
    let (pending, file) = target.create()?;
    let extent = Extent { rows: limit, bytes: usize::MAX, is_cut: false };
    let mut rows = Saved(Writer::new(BufWriter::new(file), target.format, extent, usize::MAX));
    stream(connection, sql, limit, target.format.values(), &mut rows)?;
    let (_, end) = rows.0.finish().map_err(failed)?;
    target.commit(pending)?;
    Ok(end)
}

/// Writes rows into a file.
struct Saved(Writer<BufWriter<File>>);

impl Sink for Saved {
    type Error = anyhow::Error;

    fn columns(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        self.0.columns(schema).map_err(failed)
    }

    fn batch(&mut self, batch: &RecordBatch) -> anyhow::Result<bool> {
        self.0.batch(batch).map_err(failed)
    }

    fn too_large(&mut self) -> anyhow::Result<()> {
        self.0.too_large().map_err(failed)
    }
}

fn failed(error: QueryError) -> anyhow::Error {
    CliError::bare("query_error", error.to_string()).into()
}

fn stream<S: Sink<Error = anyhow::Error>>(
    connection: &Connection,
    sql: &str,
    limit: usize,
    values: Values,
    sink: &mut S,
) -> anyhow::Result<()> {
    let last = query::last_statement(sql);
    if last.len() < sql.trim().len() {
        // Executes all but the last of several statements; errors refer to the text as typed.
        connection.prepare(sql).map_err(|error| error_in(sql, &error))?;
    }
    let rows = limit.saturating_add(1);
    let options = Options { rows, row_bytes: usize::MAX, is_ordered: query::is_ordered(last), values };
    rows::stream(connection, last, options, sink).map_err(|error| match error.downcast() {
        Ok(error) => error_in(last, &error).into(),
        Err(error) => error,
    })
}

/// A database in memory. The files that it reads are neither replaced nor deleted before it is dropped.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    files: Vec<PathBuf>,
    _tables: Option<FileLock>,
    _snapshots: Vec<Held>,
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// A database in memory with all that a query in this workspace can name; `sql` is the query.
pub fn connect(sql: &str, context: &Context) -> anyhow::Result<Database> {
    let workspace = Workspace::locate(context, false)?;
    let lock = Installed::keep(&workspace);
    let installed = Installed::read(&workspace)?;
    let names = stored::visible(&workspace, &installed)?;
    if names.is_empty() && !workspace.database().exists() {
        return Err(CliError::bare("no_data", "Local DuckDB not found. Run: agnes pull").into());
    }
    let held: Vec<Held> = names.snapshots.iter().map(|name| Held::of(&workspace, name)).collect();
    let tables: Vec<_> = names.tables.iter().map(|table| (table, installed.relation(table))).collect();
    let snapshots: Vec<_> = names.snapshots.iter().zip(held.iter().map(Held::relation)).collect();
    let connection = open(&workspace, &tables, &snapshots, sql, context).map_err(query_error)?;
    // The person's own views may read snapshots by their first names.
    let snapshots = names.snapshots.iter().map(|name| stored::file(&workspace, name));
    let snapshots = snapshots.chain(held.iter().map(|held| held.path().to_owned()));
    let files = names.tables.iter().flat_map(|table| installed.files(table).to_owned()).chain(snapshots).collect();
    Ok(Database { connection, files, _tables: lock, _snapshots: held })
}

/// A database like that of [`connect`] for a statement that nobody has looked at, such as one that a language model wrote:
/// it reaches no file but those of the workspace's tables and snapshots. It must have been read by [`query::read`], which
/// lets nothing through that writes.
pub fn confined(outline: &Outline, context: &Context) -> anyhow::Result<Database> {
    let database = connect(&outline.sql, context)?;
    // Several may run at the same time.
    let share = format!("SET memory_limit = '{}B'", memory() / 4);
    database.execute_batch(&share).map_err(query_error)?;
    let sandbox = Sandbox::default().files(database.files.iter().map(PathBuf::as_path));
    sandbox.lock(&database).map_err(query_error)?;
    Ok(database)
}

/// Tables and snapshots come with the SQL that reads them.
fn open(
    workspace: &Workspace,
    tables: &[(&String, String)],
    snapshots: &[(&String, String)],
    sql: &str,
    context: &Context,
) -> engine::Result<Connection> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let spill = Some(workspace.duckdb_dir().join(".spill"));
    let limits = Limits { memory: format!("{}B", memory()), threads, spill, extensions: None };
    let connection = engine::in_memory(&limits)?;
    let own = attach_analytics(&connection, workspace, sql, context)?;
    let is_free = |name: &str| !own.iter().any(|own| own.eq_ignore_ascii_case(name));
    let define = |name: &str, rows: &str| {
        let view = format!("CREATE VIEW {} AS SELECT * FROM {rows}", quote_ident(name));
        connection.execute_batch(&view).map_err(|error| engine::message(&error))
    };
    for (table, rows) in tables.iter().filter(|(name, _)| is_free(name)) {
        if let Err(reason) = define(table, rows) {
            context.printer.warn(format_args!("{table}: its file cannot be read; run agnes pull ({reason})"));
        }
    }
    for (snapshot, rows) in snapshots.iter().filter(|(name, _)| is_free(name)) {
        if let Err(reason) = define(snapshot, rows) {
            let repair = format!("agnes snapshot refresh {snapshot}");
            context.printer.warn(format_args!("{snapshot}: the snapshot cannot be read; run {repair} ({reason})"));
        }
    }
    // Whatever a statement writes here would be lost, so writing is an error.
    connection.execute_batch("BEGIN TRANSACTION READ ONLY")?;
    Ok(connection)
}

/// This is the user's own machine: a query may use 80 % of its memory, in bytes.
fn memory() -> u64 {
    memory::available() / 10 * 8
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

/// An error in a statement of ours.
pub fn query_error(error: engine::Error) -> CliError {
    error_in("", &error)
}

/// An error in the form of the server's, with the place if that is in `sql`.
fn error_in(sql: &str, error: &engine::Error) -> CliError {
    let text = engine::message(error);
    let (message, place) = (place::split(&text).0, place::of_statement(&text, sql));
    let place = place.map(|place| format!("\n\n{place}")).unwrap_or_default();
    CliError::bare("query_error", format!("Query error: {message}{place}"))
}
