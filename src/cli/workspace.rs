//! The workspace: where pulled files are stored, and how it is found.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CliError, Context};
use crate::base::ident::{self, quote_path};
use crate::base::{atomic_file, if_exists};
use crate::config::env_vars;
use crate::extract::parquet;

/// A directory with any of these is a workspace.
const MARKS: [&str; 3] = ["user/duckdb/sync_state.json", "user/duckdb/analytics.duckdb", "AGNES_WORKSPACE.md"];

#[derive(Clone, Debug)]
pub struct Workspace(PathBuf);

impl Workspace {
    /// The named workspace (`--workspace`, `AGNES_LOCAL_DIR`), else the nearest one from the current directory upwards,
    /// else the current directory: no workspace is made inside another unless `here` is set.
    pub fn locate(context: &Context, here: bool) -> Result<Self, CliError> {
        let named = context.globals.workspace.as_deref();
        let named = named.or_else(|| context.env.get(&env_vars::AGNES_LOCAL_DIR).map(Path::new));
        let start = std::path::absolute(named.unwrap_or(Path::new(".")))
            .map_err(|error| CliError::new("no_workspace", format!("no current directory: {error}")))?;
        // `absolute` keeps a trailing `.`; views should not show it.
        let start: PathBuf = start.components().collect();
        if here || named.is_some() {
            return Ok(Self(start));
        }
        let found = start.ancestors().find(|directory| MARKS.iter().any(|mark| directory.join(mark).exists()));
        Ok(Self(found.unwrap_or(&start).to_owned()))
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Managed by `pull`: every table file in it comes from the server and is deleted when the server withdraws it.
    pub fn parquet_dir(&self) -> PathBuf {
        self.0.join("server").join("parquet")
    }

    pub fn table_file(&self, table: &str) -> PathBuf {
        self.parquet_dir().join(format!("{table}.parquet"))
    }

    /// Files of a table in parts.
    pub fn parts_folder(&self, table: &str) -> PathBuf {
        self.parquet_dir().join(table)
    }

    /// Lists the files that make up a table in parts. The table exists once this file does.
    pub fn parts_index(&self, table: &str) -> PathBuf {
        self.parts_folder(table).join("parts.json")
    }

    /// SQL that reads all rows of a table.
    pub fn relation(&self, table: &str) -> io::Result<String> {
        match self.parts(table)? {
            Some(files) => Ok(parquet::read_files(files.iter().map(PathBuf::as_path))),
            None => Ok(format!("read_parquet({})", quote_path(&self.table_file(table)))),
        }
    }

    /// The files of a table: its one file, or its parts.
    pub fn files(&self, table: &str) -> io::Result<Vec<PathBuf>> {
        Ok(self.parts(table)?.unwrap_or_else(|| vec![self.table_file(table)]))
    }

    /// The files of a table in parts.
    fn parts(&self, table: &str) -> io::Result<Option<Vec<PathBuf>>> {
        let folder = self.parts_folder(table);
        let index = PartsIndex::read(&self.parts_index(table))?;
        Ok(index.map(|index| index.parts.values().map(|part| folder.join(&part.file)).collect()))
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

    /// Missing until there is a snapshot.
    pub fn snapshots_dir(&self) -> PathBuf {
        self.0.join("user").join("snapshots")
    }

    /// Results that a language model asked for as files. Missing until there is one.
    pub fn results_dir(&self) -> PathBuf {
        self.0.join("user").join("results")
    }

    /// Names of the tables that have files, in order.
    pub fn tables(&self) -> io::Result<Vec<String>> {
        let Some(entries) = if_exists(std::fs::read_dir(self.parquet_dir()))? else { return Ok(Vec::new()) };
        let mut names = std::collections::BTreeSet::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let table = match name.strip_suffix(".parquet") {
                Some(table) => table,
                None if self.parts_index(&name).is_file() => &name,
                None => continue,
            };
            if ident::is_relaxed(table) {
                names.insert(table.to_owned());
            }
        }
        Ok(names.into_iter().collect())
    }
}

/// `parts.json`: which files make up a table in parts.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PartsIndex {
    /// By the names of the parts.
    pub parts: BTreeMap<String, IndexedPart>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IndexedPart {
    /// File name in the same folder, see [`part_file_name`].
    pub file: String,
    /// MD5 of the file.
    pub hash: String,
    pub size_bytes: u64,
}

impl PartsIndex {
    /// Reads an index; `None` where there is none, so that the table is not in parts.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        atomic_file::write(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// Name of a part's file: with the hash, so that a new version is another file.
pub fn part_file_name(part: &str, hash: &str) -> String {
    format!("{part}.{hash}.parquet")
}
