//! The file of `--output`.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::base::atomic_file::Pending;
use crate::cli::CliError;
use crate::query::output::Format;

/// A file for all rows of a query. It appears when it is complete.
#[derive(Clone, Debug)]
pub struct ResultFile {
    pub path: PathBuf,
    pub format: Format,
}

impl ResultFile {
    /// The format is that of the name's ending.
    pub fn new(path: &Path) -> Result<Self, CliError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("parquet") => Format::Parquet,
            Some("csv") => Format::Csv,
            _ => {
                return Err(CliError::new("bad_output", format!("{}: the kind of file is not known", path.display()))
                    .hint("Give the file a name that ends with .parquet or .csv."));
            }
        };
        Ok(Self { path: path.to_owned(), format })
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
