//! Profiles of tables: the statistics of every column, made in bounded memory by a child process (`agnes extract profile`).

mod columns;
mod groups;
mod report;
mod sql;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::platform::kernel;
use crate::base::process;
use crate::config::ProfilerConfig;
use crate::engine::{self, Limits, Sandbox};
use crate::extract::{PublishedTable, parquet};
use crate::protocol::vocabulary::SyncStrategy;
use crate::store::registry::Table;

/// Each thread needs memory of its own.
const MAX_THREADS: usize = 2;
/// For the environment of the process: its allocators give memory back, instead of reserving address space, which counts as
/// memory that is used.
pub const ALLOCATORS: [(&str, &str); 2] =
    [("DUCKDB_JE_MALLOC_CONF", "retain:false,narenas:2,dirty_decay_ms:50"), ("MALLOC_ARENA_MAX", "2")];

/// A published table, and what the registry says about it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Subject {
    pub table: String,
    pub description: Option<String>,
    pub primary_key: Vec<String>,
    pub sync_strategy: Option<SyncStrategy>,
    pub rows: i64,
    pub size_bytes: u64,
    pub extracted_at: Option<Timestamp>,
    /// Parquet files that together hold its rows.
    pub files: Vec<PathBuf>,
}

impl Subject {
    /// `row` is the registration of the table. `None`: its rows are not on this server.
    pub fn new(table: &PublishedTable, row: Option<&Table>) -> Option<Self> {
        let files: Vec<_> = table.files().map(|file| file.path.clone()).collect();
        (!files.is_empty()).then(|| Self {
            table: table.name.clone(),
            description: row.and_then(|row| row.description.clone()).or(table.description.clone()),
            primary_key: row.map(|row| row.primary_key.clone()).unwrap_or_default(),
            sync_strategy: row.and_then(|row| row.sync_strategy.clone()),
            rows: table.rows,
            size_bytes: table.size_bytes(),
            extracted_at: table.extracted_at,
            files,
        })
    }
}

/// What the server sends to the process that makes a profile, as JSON on standard input.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Task {
    pub subject: Subject,
    pub config: ProfilerConfig,
    /// All memory that the process may use, in megabytes.
    pub memory_mb: u64,
    /// Directory for what does not fit in memory.
    pub spill: PathBuf,
    /// Id of the requesting process; this one ends with it.
    pub asked_by: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("it needs more memory than a profile may use ({0} MB, AGNES_PROFILE_MEMORY_MB)")]
    TooLarge(u64),
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error("the engine returned unexpected JSON: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("its memory cannot be limited: {0}")]
    Limit(#[from] std::io::Error),
}

/// The answer to a [`Task`], of which the server reads only this.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Answer {
    /// Number of columns of a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_count: Option<usize>,
    /// Why the table could not be profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Makes a profile, which is one line of JSON; or [`Answer`] with a failure. Limits the memory of this process.
pub fn answer(task: &Task) -> String {
    let made = profile(task).and_then(|profile| Ok(serde_json::to_string(&profile)?));
    made.unwrap_or_else(|error| {
        let failure = Some(without_paths(&describe(error, task), &task.subject.files));
        serde_json::to_string(&Answer { failure, ..Answer::default() }).unwrap_or_default()
    })
}

fn profile(task: &Task) -> Result<Value, ProfileError> {
    kernel::limit_memory(task.memory_mb * 1024 * 1024)?;
    process::yield_to_others();
    // Half of the memory is for what the engine does not count: states of aggregates, metadata of files, the document.
    let limits = Limits {
        memory: format!("{}MB", task.memory_mb / 2),
        threads: engine::cores().min(MAX_THREADS),
        spill: Some(task.spill.clone()),
        extensions: None,
    };
    let paths = task.subject.files.iter().map(PathBuf::as_path);
    let connection = Sandbox::default().files(paths.clone()).directories([task.spill.as_path()]).open(&limits)?;
    let measured = groups::measure(&connection, &parquet::read_files(paths), &task.subject, &task.config)?;
    Ok(report::build(&task.subject, &task.config, &measured))
}

fn describe(error: ProfileError, task: &Task) -> String {
    match error {
        ProfileError::Engine(error) if engine::is_out_of_memory(&error) => {
            ProfileError::TooLarge(task.memory_mb).to_string()
        }
        error => error.to_string(),
    }
}

/// The first line, with the names of files instead of their paths: users read it.
fn without_paths(text: &str, files: &[PathBuf]) -> String {
    let first = text.lines().next().unwrap_or_default().to_owned();
    files.iter().fold(first, |text, file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        text.replace(&*file.to_string_lossy(), &name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_no_directories() {
        let files = ["/srv/agnes/published/a.1.parquet".into(), "/srv/agnes/published/b.2.parquet".into()];
        let text = "Invalid Input Error: No magic bytes in '/srv/agnes/published/b.2.parquet'\nLINE 1: SELECT";
        assert_eq!(without_paths(text, &files), "Invalid Input Error: No magic bytes in 'b.2.parquet'");
    }
}
