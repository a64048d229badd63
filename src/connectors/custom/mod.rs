//! Connectors that are not part of this program: a folder with an executable `extractor`, or an `extractor.py`.
//!
//! Each run gets an empty directory (`AGNES_EXTRACT_DIR`) to write its extract into. The extract replaces the previous
//! one only after it has been checked. Connectors of v0.35 write to `DATA_DIR/extracts/<name>` themselves; what they
//! leave there is checked when it is published.

mod check;
mod process;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LOCK, Report};
use crate::base::lock::{FileLock, LockError};
use crate::base::platform::files;
use crate::base::{atomic_file, ident, if_exists};
use crate::config::{self, DataDir, Environment, WrongValue, env_vars};
use crate::engine::Limits;
use crate::extract;
use crate::protocol::vocabulary::SourceType;

/// A connector in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// Name of its folder, and of the source it writes.
    pub name: String,
    program: PathBuf,
    is_python: bool,
}

pub struct Settings {
    pub data_dir: DataDir,
    /// The whole environment of its process, besides what the run adds.
    pub environment: Vec<(String, String)>,
    /// The program that runs `extractor.py`.
    pub python: OsString,
    pub timeout: Duration,
    pub limits: Limits,
}

#[derive(Debug, thiserror::Error)]
pub enum CustomError {
    #[error("there is no connector {name} in {}: it is a folder with an executable `extractor`, or an `extractor.py`", folder.display())]
    Unknown { name: String, folder: PathBuf },
    #[error("{0} cannot name a connector: use letters, digits and _, and no name that Agnes uses itself")]
    Name(String),
    #[error("{name} is already running ({error})")]
    Busy { name: String, error: LockError },
    #[error("cannot start {}: {error}", program.display())]
    Start { program: PathBuf, error: io::Error },
    #[error("it was ended after {0} s; raise AGNES_CONNECTOR_TIMEOUT if it needs longer{1}")]
    Late(u64, String),
    #[error("it ended with {0}{1}")]
    Failed(std::process::ExitStatus, String),
    #[error("it succeeded but wrote no extract.duckdb into the directory that AGNES_EXTRACT_DIR names")]
    Nothing,
    #[error("what it wrote cannot be published, so the last extract stays: {0}")]
    Refused(String),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// The connectors below `folder`, in order of their names; none if the folder does not exist.
pub fn discover(folder: &Path) -> io::Result<Vec<Connector>> {
    let Some(entries) = if_exists(fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut found: Vec<Connector> = entries.filter_map(|entry| connector(&entry.ok()?.path())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

pub fn find(folder: &Path, name: &str) -> Result<Connector, CustomError> {
    let is_free = ident::is_strict(name) && !ident::is_reserved_source(name) && !SourceType::from(name).is_reserved();
    if !is_free {
        return Err(CustomError::Name(name.to_owned()));
    }
    let unknown = || CustomError::Unknown { name: name.to_owned(), folder: folder.to_owned() };
    connector(&folder.join(name)).ok_or_else(unknown)
}

fn connector(folder: &Path) -> Option<Connector> {
    let name = folder.file_name()?.to_str()?.to_owned();
    let executable = folder.join(format!("extractor{}", std::env::consts::EXE_SUFFIX));
    let script = folder.join("extractor.py");
    if fs::metadata(&executable).is_ok_and(|file| files::is_executable(&file)) {
        return Some(Connector { name, program: executable, is_python: false });
    }
    script.is_file().then_some(Connector { name, program: script, is_python: true })
}

/// Runs a connector, checks what it wrote, and replaces its previous extract with that. Blocks.
pub fn run(connector: &Connector, settings: &Settings, mut report: Report) -> Result<Report, CustomError> {
    let staging = settings.data_dir.staging().join(&connector.name);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| CustomError::Io { path, error }
    };
    let lock = settings.data_dir.staging().join(format!("{}.lock", connector.name));
    fs::create_dir_all(settings.data_dir.staging()).map_err(at(&staging))?;
    let _lock = FileLock::acquire(&lock).map_err(|error| CustomError::Busy { name: connector.name.clone(), error })?;
    atomic_file::remove_directory(&staging).map_err(at(&staging))?;
    fs::create_dir_all(staging.join("data")).map_err(at(&staging))?;
    let outcome = process::run(connector, &staging, settings);
    let target = settings.data_dir.extract(&connector.name);
    let published = outcome.and_then(|()| {
        let wrote = staging.join(extract::DATABASE).is_file();
        let directory = if wrote { &staging } else { &target };
        if !directory.join(extract::DATABASE).is_file() {
            return Err(CustomError::Nothing);
        }
        let tables = check::check(directory, &settings.limits).map_err(CustomError::Refused)?;
        if wrote {
            put_in_place(&staging, &target).map_err(at(&target))?;
        }
        Ok(tables)
    });
    atomic_file::remove_directory(&staging).map_err(at(&staging))?;
    for (table, done) in published? {
        report.finished(&table, &Ok(done), Duration::ZERO);
    }
    Ok(report)
}

/// The old directory and the new one change places at once.
fn put_in_place(staging: &Path, target: &Path) -> io::Result<()> {
    // From here on only this program writes there, by rename.
    atomic_file::write(&staging.join(LOCK), b"")?;
    if target.exists() {
        files::exchange(staging, target)?;
    } else {
        files::rename(staging, target)?;
    }
    files::sync_directory(target.parent().unwrap_or(target))
}

/// Where custom connectors are.
pub fn folder(env: &Environment) -> PathBuf {
    env.text(&env_vars::CONNECTORS_DIR).into()
}

impl Settings {
    pub fn load(settings: &config::Settings) -> Result<Self, WrongValue> {
        let env = &settings.env;
        Ok(Self {
            data_dir: settings.data_dir.clone(),
            environment: env.for_connectors(),
            python: env.text(&env_vars::AGNES_PYTHON).into(),
            timeout: env.duration(&env_vars::AGNES_CONNECTOR_TIMEOUT)?,
            limits: Limits::for_parquet(env, settings.data_dir.spill()),
        })
    }
}
