//! Tables made by SQL that runs at a source, and kept here as parquet files.

use std::path::Path;
use std::time::Instant;

use super::{Done, Report, Request, TableRequest, column_changes};
use crate::base::atomic_file::Pending;
use crate::base::disk::Reserve;
use crate::base::ident;
use crate::base::lock::FileLock;
use crate::config::DataDir;
use crate::engine::{self, Limits, Sandbox};
use crate::extract::{self, Checked, Exact, RemoteAttach, RemotePolicy, data_file, lossless, parquet};

pub struct Settings {
    pub data_dir: DataDir,
    pub policy: RemotePolicy,
    pub limits: Limits,
    pub reserve: Reserve,
    /// How the source is attached if its extract does not say so.
    pub attach: Option<RemoteAttach>,
}

/// Runs the SQL of each table at `source` and replaces `data/<table>.parquet` with the result. A table that fails keeps
/// its file.
pub fn run(source: &str, request: &Request, settings: &Settings) -> Report {
    let mut report = request.report();
    for table in &request.tables {
        let started = Instant::now();
        let outcome = one(source, table, settings);
        report.finished(&table.name, &outcome, started.elapsed());
    }
    report
}

fn one(source: &str, table: &TableRequest, settings: &Settings) -> Result<Done, String> {
    if !ident::is_strict(&table.name) || !ident::is_strict(source) {
        return Err(format!("unsafe table_id: {}", ident::repr(&table.name)));
    }
    let query = table.source_query.as_deref().map(|sql| sql.trim().trim_end_matches(';')).unwrap_or_default();
    if query.is_empty() {
        return Err("it has no source_query".into());
    }
    let directory = settings.data_dir.extract(source);
    let known = extract::read(&directory).map(|extract| extract.attach).unwrap_or_default();
    let attach = if known.is_empty() { settings.attach.iter().cloned().collect() } else { known };
    if attach.is_empty() {
        return Err(format!(
            "materialized path not supported for source_type='{source}': its extract has no _remote_attach, so there is \
             nothing to run SQL on"
        ));
    }
    let target = data_file(&directory, &table.name);
    // The kernel releases it when its holder dies.
    let lock = target.with_extension("parquet.lock");
    let text = |error: &dyn std::fmt::Display| error.to_string();
    std::fs::create_dir_all(directory.join("data")).map_err(|error| text(&error))?;
    let _lock = FileLock::acquire(&lock).map_err(|error| format!("it is already being written ({error})"))?;
    let before = std::fs::metadata(&target).map_or(0, |file| file.len());
    settings.reserve.ensure(&directory, before).map_err(|error| text(&error))?;
    let pending = Pending::beside(&target).map_err(|error| text(&error))?;
    let stored = store(query, &attach, pending.path(), settings)?;
    let rows = parquet::rows(pending.path()).map_err(|error| text(&error))?;
    let mut notes = column_changes::between(&target, pending.path());
    notes.extend(stored);
    if rows == 0 {
        notes.push("the SQL gave no rows".into());
    }
    pending.commit().map_err(|error| text(&error))?;
    if !directory.join(extract::DATABASE).exists() {
        // A source with nothing else: only directories with a database are published.
        extract::write(&directory, &[]).map_err(|error| text(&error))?;
    }
    Ok(Done { rows, notes })
}

/// How often the SQL is run again because its source changed or holds values to be read in another way.
const MAX_RUNS: usize = 4;

/// Writes the result of `query` to `file`, every value as at the source. Returns notes.
fn store(query: &str, attach: &[RemoteAttach], file: &Path, settings: &Settings) -> Result<Vec<String>, String> {
    let plain = |error: engine::Error| extract::plain_message(&engine::message(&error));
    let mut exact: Vec<Exact> = Vec::new();
    for _ in 0..MAX_RUNS {
        let connection = engine::in_memory(&settings.policy.limits(&settings.limits)).map_err(plain)?;
        let attached = settings.policy.attach_checked(&connection, attach, &exact, query);
        let attached = attached.map_err(|error| error.to_string())?;
        let sandbox = Sandbox::default().files([file]).directories(settings.limits.spill.as_deref());
        sandbox.lock(&connection).map_err(plain)?;
        let run = attached.run(&connection, |connection| lossless::write(connection, query, file));
        let advice = "change the SQL of the table; its last rows stay until then";
        match run.map_err(|error| extract::source_message(&error.to_string(), advice))? {
            Checked::Right(mut notes) => {
                notes.extend(
                    exact.iter().map(|exact| format!("read exactly, as the values need: {}", exact.describe())),
                );
                return Ok(notes);
            }
            Checked::Changed => {}
            Checked::Again(more) => exact.extend(more),
            Checked::Refused(reason) => return Err(reason),
        }
    }
    Err("the columns at the source keep changing while it is read".into())
}
