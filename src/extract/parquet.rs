//! Inspecting and copying parquet files that are not trusted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

pub use super::lossless::copy;
use super::{ExtractError, lossless, reader};
use crate::base::ident;
use crate::engine::{self, Connection, Limits, Sandbox};

/// Time for one table of a foreign extract; a view can hold any query.
pub(super) const TIMEOUT: Duration = Duration::from_secs(600);

/// Inspects many files of one directory, with one engine that can open nothing else.
pub struct Checker(Connection);

impl Checker {
    pub fn new(directory: &Path) -> Result<Self, ExtractError> {
        Ok(Self(Sandbox::default().directories([directory]).open(&Limits::small())?))
    }

    /// As [`rows`].
    pub fn rows(&self, path: &Path) -> Result<i64, ExtractError> {
        count(&self.0, path)
    }
}

/// Returns the number of rows of a parquet file, after checking that DuckDB can read its schema and footer.
pub fn rows(path: &Path) -> Result<i64, ExtractError> {
    count(&Sandbox::default().files([path]).open(&Limits::small())?, path)
}

fn count(connection: &Connection, path: &Path) -> Result<i64, ExtractError> {
    if !has_magic(path)? {
        let error = "it is not a parquet file (no PAR1 at both ends)";
        return Err(io::Error::new(io::ErrorKind::InvalidData, error).into());
    }
    let file = ident::quote_path(path);
    connection.execute_batch(&format!("DESCRIBE SELECT * FROM read_parquet({file})"))?;
    Ok(connection.query_row(&format!("SELECT count(*) FROM read_parquet({file})"), [], |row| row.get(0))?)
}

/// The table function that reads these files as one table; columns are matched by name.
pub fn read_files<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let files: Vec<_> = paths.map(ident::quote_path).collect();
    let by_name = if files.len() > 1 { ", union_by_name = true" } else { "" };
    // A directory named `a=b` would else become a column.
    format!("read_parquet([{}]{by_name}, hive_partitioning = false)", files.join(", "))
}

/// Names and types of the columns of these files together.
pub fn columns<'a>(paths: impl Iterator<Item = &'a Path> + Clone) -> Result<Vec<(String, String)>, ExtractError> {
    columns_with(&Sandbox::default().files(paths.clone()).open(&Limits::small())?, paths)
}

/// As [`columns`], with an engine that may read the files.
pub fn columns_with<'a>(
    connection: &Connection,
    paths: impl Iterator<Item = &'a Path>,
) -> Result<Vec<(String, String)>, ExtractError> {
    let mut statement = connection.prepare(&format!("DESCRIBE SELECT * FROM {}", read_files(paths)))?;
    let columns = statement.query_map([], |row| Ok((row.get(0)?, lossless::short(&row.get::<_, String>(1)?))))?;
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(columns)
}

/// Writes the rows of these files into one.
pub fn merge<'a>(
    paths: impl Iterator<Item = &'a Path> + Clone,
    target: &'a Path,
    limits: &Limits,
) -> Result<(), ExtractError> {
    let connection = Sandbox::default().files(paths.clone().chain([target])).open(limits)?;
    let select = format!("SELECT * FROM {}", read_files(paths));
    engine::within(&connection, TIMEOUT, |connection| lossless::write(connection, &select, target))?;
    Ok(())
}

/// Reads every value once, so that damaged pages are found before the file is published.
pub fn read_through(path: &Path, limits: &Limits) -> Result<(), ExtractError> {
    let connection = Sandbox::default().files([path]).open(limits)?;
    let read = format!("SELECT max(hash(t)) FROM read_parquet({}) AS t", ident::quote_path(path));
    Ok(engine::within(&connection, TIMEOUT, |connection| connection.execute_batch(&read))?)
}

/// Returns whether the file begins and ends with `PAR1`.
pub fn has_magic(path: &Path) -> io::Result<bool> {
    Ok(ends(path)? == Ends::Parquet)
}

/// What the first and the last bytes say about a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ends {
    Parquet,
    /// The footer is encrypted.
    Encrypted,
    /// It begins as a parquet file.
    CutOff,
    Empty,
    Other,
}

pub(super) fn ends(path: &Path) -> io::Result<Ends> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut ends = [[0_u8; 4]; 2];
    if length >= 4 {
        file.read_exact(&mut ends[0])?;
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut ends[1])?;
    }
    Ok(match (&ends[0], &ends[1]) {
        (b"PAR1", b"PAR1") if length >= 12 => Ends::Parquet,
        (b"PARE", b"PARE") => Ends::Encrypted,
        (b"PAR1" | b"PARE", _) => Ends::CutOff,
        _ if length == 0 => Ends::Empty,
        _ => Ends::Other,
    })
}

/// Writes a table or view of an extract to a parquet file, for sources whose rows are in the database itself or in several
/// files. A view can read nothing outside the source's directory.
pub fn export(source: &Path, table: &str, target: &Path, limits: &Limits) -> Result<(), ExtractError> {
    let connection = reader::attach(source, Sandbox::default().files([target]), limits)?;
    let select = format!("SELECT * FROM extract.main.{}", ident::quote_ident(table));
    let notes = engine::within(&connection, TIMEOUT, |connection| lossless::write(connection, &select, target))?;
    notes.iter().for_each(|note| tracing::warn!(table, "{note}"));
    Ok(())
}
