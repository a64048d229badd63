//! The file of `--output`.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::base::atomic_file::Pending;
use crate::cli::CliError;
use crate::protocol::query::{CSV, PARQUET};
use crate::query::output::Format;

/// A file for all rows of a query. It appears when it is complete.
#[derive(Clone, Debug)]
pub struct ResultFile {
    pub path: PathBuf,
    pub kind: FileKind,
}

#[derive(Clone, Copy, Debug)]
pub enum FileKind {
    Parquet,
    Csv,
}

impl FileKind {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Parquet => PARQUET,
            Self::Csv => CSV,
        }
    }

    pub fn format(self) -> Format {
        match self {
            Self::Parquet => Format::Parquet,
            Self::Csv => Format::Csv,
        }
    }
}

impl ResultFile {
    /// The kind is that of the name's ending.
    pub fn new(path: &Path) -> Result<Self, CliError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let kind = match ending.as_deref() {
            Some("parquet") => FileKind::Parquet,
            Some("csv") => FileKind::Csv,
            _ => {
                return Err(CliError::new("bad_output", format!("{}: the kind of file is not known", path.display()))
                    .hint("Give the file a name that ends with .parquet or .csv."));
            }
        };
        Ok(Self { path: path.to_owned(), kind })
    }

    /// A temporary file beside it.
    pub fn create(&self) -> Result<(Pending, File), CliError> {
        let pending = Pending::beside(&self.path).map_err(|error| self.failed(&error))?;
        let file = pending.create().map_err(|error| self.failed(&error))?;
        Ok((pending, file))
    }

    pub fn commit(&self, pending: Pending) -> Result<(), CliError> {
        pending.commit().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        CliError::new("bad_output", format!("cannot write {}: {error}", self.path.display()))
    }
}
