//! The contract between connectors and the server: `extract.duckdb` with `_meta`, and `data/*.parquet`.

pub mod foreign;
pub mod lossless;
pub mod parquet;
mod publication;
mod reader;
mod remote;
pub mod typing;
mod writer;

pub use publication::{Column, Content, Part, Publication, PublishedFile, PublishedTable};
pub use reader::{Extract, read};
pub use remote::{
    Attached, Checked, Exact, RemoteAttach, RemotePolicy, RemoteTable, SharedPolicy, plain_message, source_message,
};
pub use writer::{RemoteView, put_in_place, remove, write, write_with_remote};

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::base::atomic_file;
use crate::engine;
use crate::protocol::vocabulary::QueryMode;

/// File name of the database in a source's directory.
pub const DATABASE: &str = "extract.duckdb";

#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    #[error("{} has no table _meta, so it publishes nothing", .0.display())]
    NoMeta(PathBuf),
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Foreign(Box<foreign::Fault>),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<foreign::Fault> for ExtractError {
    fn from(fault: foreign::Fault) -> Self {
        Self::Foreign(fault.into())
    }
}

/// One row of `_meta`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableMeta {
    /// Name of the view, of the parquet file and of the published table.
    pub table_name: String,
    pub description: Option<String>,
    pub rows: i64,
    pub size_bytes: i64,
    /// When the data was read from its source, UTC. One value per run.
    pub extracted_at: Option<Timestamp>,
    pub query_mode: QueryMode,
}

/// The parquet file of a table, in the directory of its source.
pub fn data_file(source: &Path, table: &str) -> PathBuf {
    source.join("data").join(format!("{table}.parquet"))
}

/// The folder with the parts of a table, one parquet file each.
pub fn parts_folder(source: &Path, table: &str) -> PathBuf {
    source.join("data").join(table)
}

/// The finished files in such a folder, by the names of their parts.
pub fn part_files(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut parts = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(part) = name.strip_suffix(".parquet").filter(|_| !atomic_file::is_temporary(&name)) {
            parts.insert(part.to_owned(), path);
        }
    }
    Ok(parts)
}

/// The file with the state of a table's last extraction, or of `table/part`.
pub fn state_file(source: &Path, table: &str) -> PathBuf {
    source.join("state").join(format!("{table}.json"))
}
