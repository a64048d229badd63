//! Opening databases with limits, and the sandbox for those that run other people's SQL.

use std::path::{Path, PathBuf};

use duckdb::{AccessMode, Config, Connection};

use super::{Result, dates};
use crate::base::ident::quote_path;
use crate::config::{Environment, env_vars};

/// What one database instance may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// In DuckDB's syntax, e.g. `1GB`.
    pub memory: String,
    pub threads: usize,
    /// Directory for results that do not fit in memory; `None` disables spilling.
    pub spill: Option<PathBuf>,
    /// Directory of extensions; `None`: DuckDB's own.
    pub extensions: Option<PathBuf>,
}

impl Limits {
    /// One thread and little memory: metadata work.
    pub fn small() -> Self {
        Self { memory: "256MB".into(), threads: 1, spill: None, extensions: None }
    }

    /// Writing parquet, as `AGNES_EXTRACT_MEMORY` allows, on all cores.
    pub fn for_parquet(env: &Environment, spill: PathBuf) -> Self {
        let memory = env.text(&env_vars::AGNES_EXTRACT_MEMORY).into();
        Self { memory, threads: cores(), spill: Some(spill), extensions: None }
    }

    fn config(&self) -> Result<Config> {
        let config = Config::default()
            .max_memory(&self.memory)?
            .threads(self.threads.max(1) as i64)?
            .enable_autoload_extension(false)?
            .with("temp_directory", self.spill.as_deref().map_or("".into(), Path::to_string_lossy))?;
        match &self.extensions {
            Some(directory) => config.with("extension_directory", directory.to_string_lossy()),
            None => Ok(config),
        }
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A database that lives in memory only.
pub fn in_memory(limits: &Limits) -> Result<Connection> {
    let connection = Connection::open_in_memory_with_flags(limits.config()?).map(in_utc)?;
    dates::subtract_finite(&connection)?;
    Ok(connection)
}

/// Opens or creates a database file for reading and writing, which only one process can do at a time.
pub fn open(path: &Path, limits: &Limits) -> Result<Connection> {
    Connection::open_with_flags(path, limits.config()?).map(in_utc)
}

/// Opens an existing database file for reading.
pub fn open_read_only(path: &Path, limits: &Limits) -> Result<Connection> {
    Connection::open_with_flags(path, limits.config()?.access_mode(AccessMode::ReadOnly)?).map(in_utc)
}

/// Reads and shows instants in UTC, whatever the time zone of the machine.
fn in_utc(connection: Connection) -> Connection {
    // Unknown where `icu` is not built in; times are then in UTC anyway.
    let _ = connection.execute_batch("SET GLOBAL TimeZone = 'UTC'");
    connection
}

/// What a database that runs other people's SQL may open: nothing unless it is named here.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    files: Vec<String>,
    directories: Vec<String>,
}

impl Sandbox {
    /// Allows exactly these files.
    pub fn files<'a>(mut self, files: impl IntoIterator<Item = &'a Path>) -> Self {
        self.files.extend(files.into_iter().map(quote_path));
        self
    }

    /// Allows everything below these directories.
    pub fn directories<'a>(mut self, directories: impl IntoIterator<Item = &'a Path>) -> Self {
        self.directories.extend(directories.into_iter().map(quote_path));
        self
    }

    /// A locked database in memory.
    pub fn open(self, limits: &Limits) -> Result<Connection> {
        let connection = in_memory(limits)?;
        self.lock(&connection)?;
        Ok(connection)
    }

    /// Locks a database that was prepared otherwise: no other files, no network, no extensions, and no way back.
    pub fn lock(self, connection: &Connection) -> Result<()> {
        connection.execute_batch(&format!(
            "SET allowed_paths = [{}]; SET allowed_directories = [{}];
             SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;
             SET allow_community_extensions = false; SET enable_external_access = false; SET lock_configuration = true;",
            self.files.join(", "),
            self.directories.join(", ")
        ))
    }
}
