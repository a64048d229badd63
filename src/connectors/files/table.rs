//! One file becomes one table.

use std::path::Path;
use std::time::Instant;

use super::fault::Fault;
use super::folder::{DataFile, Format};
use super::state::{self, Fingerprint, State};
use super::{convert, folder};
use crate::base::atomic_file::{self, PUBLIC, Pending};
use crate::engine::Limits;
use crate::extract::{data_file, parquet};

/// A fault with the file that has it.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct TableFault {
    file: String,
    fault: Fault,
}

/// Puts `data/<table>.parquet` in place, unless it is there from an unchanged file. Returns its rows.
pub fn extract(file: &folder::DataFile, directory: &Path, table: &str, limits: &Limits) -> Result<i64, TableFault> {
    convert_if_new(file, directory, table, limits).map_err(|fault| TableFault {
        file: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        fault,
    })
}

fn convert_if_new(file: &DataFile, directory: &Path, table: &str, limits: &Limits) -> Result<i64, Fault> {
    let source = Fingerprint::of(&file.path).map_err(Fault::Read)?;
    let target = data_file(directory, table);
    if let Some(known) = state::read(directory, table)
        && known.source == source
        && parquet::rows(&target).is_ok_and(|rows| rows == known.rows)
    {
        tracing::info!(table, rows = known.rows, "unchanged");
        return Ok(known.rows);
    }
    let started = Instant::now();
    let pending = Pending::beside(&target, PUBLIC).map_err(Fault::write)?;
    let rows = match file.format {
        Format::Csv | Format::Tsv => {
            // Says clearly when the directory is read-only or full, before DuckDB does in its own words.
            drop(pending.create().map_err(Fault::write)?);
            convert::to_parquet(file, pending.path(), limits)?
        }
        Format::Parquet => {
            let rows = parquet::rows(&file.path).map_err(|error| Fault::parquet(&error))?;
            std::fs::copy(&file.path, pending.path()).map_err(Fault::write)?;
            rows
        }
    };
    if Fingerprint::of(&file.path).map_err(Fault::Read)? != source {
        return Err(Fault::Changed);
    }
    // Without its note the new file would only be converted once more; with the old one it could be taken for unchanged.
    atomic_file::remove(&state::path(directory, table)).map_err(Fault::write)?;
    pending.commit().map_err(Fault::write)?;
    let note = serde_json::to_vec_pretty(&State { source, rows }).map_err(|error| Fault::write(error.into()))?;
    atomic_file::write(&state::path(directory, table), &note, PUBLIC).map_err(Fault::write)?;
    tracing::info!(table, rows, seconds = started.elapsed().as_secs_f64(), "extracted");
    Ok(rows)
}
