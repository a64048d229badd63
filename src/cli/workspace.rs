//! The workspace: where pulled files are stored, and how it is found.

use std::path::{Path, PathBuf};

use super::{CliError, Context};
use crate::base::platform::names;
use crate::config::env_vars;

/// A directory with any of these is a workspace.
const MARKS: [&str; 3] = ["user/duckdb/sync_state.json", "user/duckdb/analytics.duckdb", "AGNES_WORKSPACE.md"];

/// The folders that a pull fills.
const MANAGED: [&str; 2] = ["server", "user"];

#[derive(Clone, Debug)]
pub struct Workspace(PathBuf);

fn named(context: &Context) -> Option<&Path> {
    let named = context.globals.workspace.as_deref();
    named.or_else(|| context.env.get(&env_vars::AGNES_LOCAL_DIR).map(Path::new))
}

fn is_workspace(directory: &Path) -> bool {
    MARKS.iter().any(|mark| directory.join(mark).exists())
}

impl Workspace {
    /// The named workspace (`--workspace`, `AGNES_LOCAL_DIR`), else the nearest one from the current directory upwards,
    /// else the current directory: no workspace is made inside another unless `here` is set.
    pub fn locate(context: &Context, here: bool) -> Result<Self, CliError> {
        let named = named(context);
        let start = std::path::absolute(named.unwrap_or(Path::new(".")))
            .map_err(|error| CliError::new("no_workspace", format!("no current directory: {error}")))?;
        // `absolute` keeps a trailing `.`; views should not show it.
        let start: PathBuf = start.components().collect();
        if here || named.is_some() {
            return Ok(Self(start));
        }
        let found = start.ancestors().find(|directory| is_workspace(directory));
        Ok(Self(found.unwrap_or(&start).to_owned()))
    }

    /// The directory that `agnes init` makes one: the one that is named as an option, or else the current one.
    pub fn to_make(context: &Context) -> Result<Self, CliError> {
        let named = context.globals.workspace.as_deref().unwrap_or(Path::new("."));
        let path = std::path::absolute(named)
            .map_err(|error| CliError::new("no_workspace", format!("no current directory: {error}")))?;
        Ok(Self(path.components().collect()))
    }

    /// Whether it has been made.
    pub fn is_made(&self) -> bool {
        is_workspace(&self.0)
    }

    /// Whether a command may create or use the workspace without being asked to: it is one already, or was named.
    pub fn is_meant(&self, context: &Context) -> bool {
        is_workspace(&self.0) || named(context).is_some()
    }

    /// Whether a first pull has begun here. That does not make it a workspace.
    pub fn is_begun(&self) -> bool {
        self.lock_file().exists()
    }

    /// Whether the directory is one for other things so far. Hidden files do not count.
    pub fn is_foreign(&self) -> bool {
        let is_begun = self.is_begun();
        let is_other = |entry: std::fs::DirEntry| {
            let name = entry.file_name();
            let is_ours = is_begun && MANAGED.iter().any(|managed| name == *managed);
            !is_ours && !name.to_string_lossy().starts_with('.')
        };
        !is_workspace(&self.0) && std::fs::read_dir(&self.0).into_iter().flatten().flatten().any(is_other)
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    /// What has come from the server.
    pub fn server_dir(&self) -> PathBuf {
        self.0.join("server")
    }

    /// Managed by `pull`: every table file in it comes from the server and is deleted when the server withdraws it.
    pub fn parquet_dir(&self) -> PathBuf {
        self.server_dir().join("parquet")
    }

    /// The current version of a table that is not in parts, for people and other programs. Queries read
    /// [`Self::version_file`].
    pub fn table_file(&self, table: &str) -> PathBuf {
        self.parquet_dir().join(format!("{}.parquet", names::for_file(table)))
    }

    /// The folder of a table in parts.
    pub fn parts_folder(&self, table: &str) -> PathBuf {
        self.parquet_dir().join(&*names::for_file(table))
    }

    /// The files of the tables that are not in parts, under names that contain their hashes, and unfinished downloads.
    pub fn versions_dir(&self) -> PathBuf {
        self.server_dir().join("files")
    }

    /// A file that never changes: one version of a table, or of a part of one.
    pub fn version_file(&self, table: &str, part: Option<&str>, md5: &str) -> PathBuf {
        let file = |name| format!("{}.{md5}.parquet", names::for_file(name));
        match part {
            Some(part) => self.parts_folder(table).join(file(part)),
            None => self.versions_dir().join(file(table)),
        }
    }

    pub fn duckdb_dir(&self) -> PathBuf {
        self.0.join("user").join("duckdb")
    }

    pub fn database(&self) -> PathBuf {
        self.duckdb_dir().join("analytics.duckdb")
    }

    pub fn state_file(&self) -> PathBuf {
        self.duckdb_dir().join("sync_state.json")
    }

    /// Held by the running `pull`.
    pub fn lock_file(&self) -> PathBuf {
        self.duckdb_dir().join(".lock")
    }

    /// Shared by those who are reading tables, so that `pull` deletes no file that is in use.
    pub fn readers_file(&self) -> PathBuf {
        self.duckdb_dir().join(".readers")
    }

    /// Rules for agents, see [`super::pull`].
    pub fn rules_dir(&self) -> PathBuf {
        self.0.join(".claude").join("rules")
    }

    /// Missing until there is a snapshot.
    pub fn snapshots_dir(&self) -> PathBuf {
        self.0.join("user").join("snapshots")
    }

    /// Results that a language model asked for as files. Missing until there is one.
    pub fn results_dir(&self) -> PathBuf {
        self.0.join("user").join("results")
    }
}
