//! Inspecting and copying parquet files that are not trusted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::{ExtractError, reader};
use crate::base::ident;
use crate::engine::{self, Connection, Limits, Sandbox};

/// Time for one table of a foreign extract; a view can hold any query.
const TIMEOUT: Duration = Duration::from_secs(600);

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
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not a parquet file (no PAR1 at both ends)", path.display()),
        )
        .into());
    }
    let file = ident::quote_path(path);
    connection.execute_batch(&format!("DESCRIBE SELECT * FROM read_parquet({file})"))?;
    Ok(connection.query_row(&format!("SELECT count(*) FROM read_parquet({file})"), [], |row| row.get(0))?)
}

/// The table function that reads these files as one table; columns are matched by name.
pub fn read_files<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let files: Vec<_> = paths.map(ident::quote_path).collect();
    let by_name = if files.len() > 1 { ", union_by_name = true, hive_partitioning = false" } else { "" };
    format!("read_parquet([{}]{by_name})", files.join(", "))
}

/// Names and types of the columns of these files together.
pub fn columns<'a>(paths: impl Iterator<Item = &'a Path> + Clone) -> Result<Vec<(String, String)>, ExtractError> {
    let connection = Sandbox::default().files(paths.clone()).open(&Limits::small())?;
    let mut statement = connection.prepare(&format!("DESCRIBE SELECT * FROM {}", read_files(paths)))?;
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    Ok(columns)
}

/// Writes the rows of these files into one.
pub fn merge<'a>(
    paths: impl Iterator<Item = &'a Path> + Clone,
    target: &'a Path,
    limits: &Limits,
) -> Result<(), ExtractError> {
    let connection = Sandbox::default().files(paths.clone().chain([target])).open(limits)?;
    let copy = copy(&format!("SELECT * FROM {}", read_files(paths)), target);
    Ok(engine::within(&connection, TIMEOUT, |connection| connection.execute_batch(&copy))?)
}

/// The statement that writes the result of `select` to a parquet file.
pub fn copy(select: &str, target: &Path) -> String {
    let target = ident::quote_path(target);
    format!("COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)")
}

/// Reads every value once, so that damaged pages are found before the file is published.
pub fn read_through(path: &Path, limits: &Limits) -> Result<(), ExtractError> {
    let connection = Sandbox::default().files([path]).open(limits)?;
    let read = format!("SELECT max(hash(t)) FROM read_parquet({}) AS t", ident::quote_path(path));
    Ok(engine::within(&connection, TIMEOUT, |connection| connection.execute_batch(&read))?)
}

/// Returns whether the file begins and ends with `PAR1`.
pub fn has_magic(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() < 12 {
        return Ok(false);
    }
    let mut ends = [[0_u8; 4]; 2];
    file.read_exact(&mut ends[0])?;
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut ends[1])?;
    Ok(ends == [*b"PAR1"; 2])
}

/// Writes a table or view of an extract to a parquet file, for sources whose rows are in the database itself or in several
/// files. A view can read nothing outside the source's directory.
pub fn export(source: &Path, table: &str, target: &Path, limits: &Limits) -> Result<(), ExtractError> {
    let connection = reader::attach(source, Sandbox::default().files([target]), limits)?;
    let copy = copy(&format!("SELECT * FROM extract.main.{}", ident::quote_ident(table)), target);
    Ok(engine::within(&connection, TIMEOUT, |connection| connection.execute_batch(&copy))?)
}
