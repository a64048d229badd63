//! Parquet files of other programs: a second reader, which we did not write either, looks for what the engine would read as
//! other values than the file holds.
//!
//! * The footer: names, and types that the engine reads wrongly (decimals of more than 38 digits).
//! * Each value of the types of which the engine cuts something off or has a smaller range, and the checksum of each page.
//! * The values themselves, as both readers give them, and the bounds in the statistics, by which the engine skips rows:
//!   all of them in a file of usual size, else those of some row groups.

mod compare;
mod equal;
mod fault;
mod leaf;
mod nulls;
mod schema;
mod second;
mod statistics;

pub use fault::Fault;
pub use nulls::null_columns;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::ExtractError;
use super::parquet::{Ends, ends};
use crate::engine::{Connection, Limits, Sandbox};

/// What a file holds that can be published as it is.
#[derive(Debug, Default)]
pub struct Content {
    pub rows: i64,
    /// What the owner of the file should know.
    pub notes: Vec<String>,
}

impl From<i64> for Content {
    fn from(rows: i64) -> Self {
        Self { rows, notes: Vec::new() }
    }
}

/// Reads a file once in full, with both readers.
pub fn check(path: &Path, limits: &Limits) -> Result<Content, ExtractError> {
    check_with(&Sandbox::default().files([path]).open(limits)?, path, limits)
}

/// As [`check`], with an engine that may read the file.
pub fn check_with(connection: &Connection, path: &Path, limits: &Limits) -> Result<Content, ExtractError> {
    guarded(path, || both(connection, path, limits))
}

/// Reads only the footer: names and types.
pub fn check_footer(path: &Path) -> Result<Content, ExtractError> {
    guarded(path, || footer(path).map(|(_, content)| content))
}

fn guarded(path: &Path, read: impl FnOnce() -> Result<Content, ExtractError>) -> Result<Content, ExtractError> {
    match ends(path)? {
        Ends::Parquet => {}
        Ends::Encrypted => return Err(Fault::Encrypted.into()),
        Ends::CutOff => return Err(Fault::NotParquet("it is cut off: its end is missing").into()),
        Ends::Empty => return Err(Fault::NotParquet("it is empty").into()),
        Ends::Other => return Err(Fault::NotParquet("it is a file of another kind (no PAR1 at both ends)").into()),
    }
    // The reader may panic on damaged data.
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Fault::Damaged("its content contradicts itself".into()).into()))
}

fn footer(path: &Path) -> Result<(SerializedFileReader<File>, Content), ExtractError> {
    let file = SerializedFileReader::new(File::open(path)?).map_err(|error| damaged(&error, path))?;
    let footer = file.metadata().file_metadata();
    let content = Content { notes: schema::check(footer.schema_descr())?, rows: footer.num_rows() };
    Ok((file, content))
}

fn both(connection: &Connection, path: &Path, limits: &Limits) -> Result<Content, ExtractError> {
    let (file, Content { rows, mut notes }) = footer(path)?;
    let outcome = leaf::check(&file).and_then(|()| compare::check(connection, path, rows, limits));
    match outcome {
        Ok(()) => {}
        // Then the engine alone has to read it.
        Err(Stop::Unreadable(ParquetError::NYI(what))) => {
            super::parquet::read_through(path, limits)?;
            notes
                .push(format!("its values were not checked by a second reader, which does not know all of it: {what}"));
        }
        Err(Stop::Unreadable(error)) => return Err(damaged(&error, path)),
        Err(Stop::Fault(fault)) => return Err(fault.into()),
        Err(Stop::Extract(error)) => return Err(error),
    }
    Ok(Content { rows, notes })
}

fn damaged(error: &ParquetError, path: &Path) -> ExtractError {
    Fault::Damaged(fault::cause(&error.to_string(), path)).into()
}

/// Why a check ends before the end of the file.
enum Stop {
    Unreadable(ParquetError),
    Fault(Fault),
    Extract(ExtractError),
}

impl From<ParquetError> for Stop {
    fn from(error: ParquetError) -> Self {
        Self::Unreadable(error)
    }
}
