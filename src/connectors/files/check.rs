//! Checks that a file can become a table, before it replaces another.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{DataFile, Format};
use super::{convert, table};
use crate::base::atomic_file::{PUBLIC, Pending};
use crate::engine::Limits;
use crate::extract::parquet;

/// What a file holds.
#[derive(Debug, Deserialize, Serialize)]
pub struct Checked {
    pub rows: i64,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
}

/// Converts `file`, whose format follows from the ending of `name`, into a temporary file in `folder`, and returns what it
/// holds or what is wrong with it.
pub fn check(file: &Path, name: &str, folder: &Path, limits: &Limits) -> Result<Checked, String> {
    let data = DataFile::with_name_of(file, name).ok_or_else(|| format!("{name}: not the name of a data file"))?;
    let converted = || {
        let pending = Pending::beside(&folder.join("check.parquet"), PUBLIC).map_err(|error| error.to_string())?;
        let (rows, columns) = match data.format {
            Format::Csv | Format::Tsv => {
                let rows = convert::to_parquet(&data, pending.path(), limits).map_err(|error| error.to_string())?;
                (rows, parquet::columns([pending.path()].into_iter()))
            }
            Format::Parquet => {
                let rows = parquet::rows(file).map_err(table::unreadable)?;
                parquet::read_through(file, limits).map_err(table::unreadable)?;
                (rows, parquet::columns([file].into_iter()))
            }
        };
        Ok(Checked { rows, columns: columns.map_err(table::unreadable)? })
    };
    converted().map_err(|error: String| format!("{name}: {error}"))
}
