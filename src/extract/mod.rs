//! The contract between connectors and the server: `extract.duckdb` with `_meta`, and `data/*.parquet`.

mod meta;
pub mod parquet;
mod publication;
mod reader;
mod remote;
mod writer;

pub use meta::TableMeta;
pub use publication::{Content, Part, Publication, PublishedFile, PublishedTable};
pub use reader::{Extract, read};
pub use remote::{RemoteAttach, RemotePolicy, RemoteTable};
pub use writer::{RemoteView, remove, write, write_with_remote};

use std::path::{Path, PathBuf};

use crate::engine;

/// File name of the database in a source's directory.
pub const DATABASE: &str = "extract.duckdb";

#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    #[error("{} has no table _meta, so it publishes nothing", .0.display())]
    NoMeta(PathBuf),
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The parquet file of a table, in the directory of its source.
pub fn data_file(source: &Path, table: &str) -> PathBuf {
    source.join("data").join(format!("{table}.parquet"))
}

/// The folder with the parts of a table, one parquet file each.
pub fn parts_folder(source: &Path, table: &str) -> PathBuf {
    source.join("data").join(table)
}
