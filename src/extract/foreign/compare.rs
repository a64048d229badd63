//! The values of a file as the engine reads them, beside those of the second reader.

use std::fs::File;
use std::path::Path;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use arrow::array::{Array, ArrayRef, StructArray};

use super::fault::{Fault, cause};
use super::second::{Next, Second};
use super::statistics::Statistics;
use super::{Stop, equal, schema};
use crate::base::ident::{quote_ident, quote_path};
use crate::engine::{self, Connection, Limits};
use crate::extract::ExtractError;
use crate::extract::parquet::{self as engine_parquet, TIMEOUT};

const REWRITE: &str = "write it again in another type, e.g. as a string";

/// Reads the whole file with the engine and compares. It holds so many `rows` as its footer says.
pub(super) fn check(connection: &Connection, path: &Path, rows: i64, limits: &Limits) -> Result<(), Stop> {
    let file = File::open(path).map_err(|error| Stop::Extract(error.into()))?;
    // What an Arrow writer notes of its own types is not part of the data.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&file, options)?;
    let columns = engine_parquet::columns_with(connection, [path].into_iter()).map_err(|error| match error {
        ExtractError::Engine(error) => unreadable(&error, path),
        error => Stop::Extract(error),
    })?;
    let schema = metadata.parquet_schema();
    let roots: Vec<usize> = (0..columns.len()).filter(|root| is_compared(schema, *root)).collect();
    if roots.len() < columns.len() {
        engine_parquet::read_through(path, limits).map_err(|error| match error {
            ExtractError::Engine(error) => blame(connection, path, &columns, error),
            error => Stop::Extract(error),
        })?;
    }
    if roots.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = roots.iter().map(|root| quote_ident(&columns[*root].0)).collect();
    let select = format!("SELECT {} FROM {}", names.join(", "), source(path));
    let mut comparison = Comparison {
        statistics: Statistics::of(&metadata, &roots),
        second: Second::new(file, metadata, &roots),
        names: roots.iter().map(|root| columns[*root].clone()).collect(),
        row: 0,
        stop: None,
    };
    let read = engine::within(connection, TIMEOUT, |connection| {
        engine::for_each_batch(connection, &select, |batch| comparison.take(batch))
    });
    if let Some(stop) = comparison.stop {
        return Err(stop);
    }
    read.map_err(|error| blame(connection, path, &columns, error))?;
    match i64::try_from(comparison.row) {
        Ok(found) if found == rows => Ok(()),
        _ => Err(Stop::Fault(Fault::Damaged(format!("its footer says {rows} rows, and it has {}", comparison.row)))),
    }
}

fn source(path: &Path) -> String {
    format!("read_parquet({}, hive_partitioning = false)", quote_path(path))
}

fn is_compared(schema: &::parquet::schema::types::SchemaDescriptor, root: usize) -> bool {
    let leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
    leaves.map(|leaf| schema.column(leaf)).all(|leaf| schema::is_compared(&leaf))
        && !schema.root_schema().get_fields().get(root).is_none_or(|column| schema::has_variant(column))
}

struct Comparison {
    second: Second,
    statistics: Statistics,
    /// Names and types of the columns that are compared.
    names: Vec<(String, String)>,
    row: usize,
    stop: Option<Stop>,
}

impl Comparison {
    fn take(&mut self, batch: &StructArray) -> bool {
        self.stop = self.compare(batch).err();
        self.stop.is_none()
    }

    fn compare(&mut self, batch: &StructArray) -> Result<(), Stop> {
        let mut at = 0;
        while at < batch.len() {
            let (group, second, ends_group) = match self.second.next(self.row, batch.len() - at)? {
                Next::Skip(rows) => {
                    at += rows;
                    self.row += rows;
                    continue;
                }
                Next::Rows { group, batch, ends_group } => (group, batch, ends_group),
            };
            for (index, theirs) in second.columns().iter().enumerate() {
                self.column(index, &batch.column(index).slice(at, second.num_rows()), theirs)?;
                if let Some(problem) = self.statistics.check(index, group, theirs, ends_group) {
                    return Err(self.fault(index, format!("its statistics are wrong ({problem})"), "write it again"));
                }
            }
            at += second.num_rows();
            self.row += second.num_rows();
        }
        Ok(())
    }

    fn column(&self, index: usize, engine: &ArrayRef, second: &ArrayRef) -> Result<(), Stop> {
        let problem = match equal::first_difference(engine, second) {
            Ok(None) => return Ok(()),
            Ok(Some(row)) => format!("two readers read row {} differently", self.row + row + 1),
            Err(error) => format!("two readers read it as different types ({error})"),
        };
        Err(self.fault(index, problem, REWRITE))
    }

    fn fault(&self, index: usize, problem: String, advice: &'static str) -> Stop {
        let (column, kind) = self.names[index].clone();
        Stop::Fault(Fault::Column { column, kind, problem, advice })
    }
}

/// Finds the column at which the engine fails.
fn blame(connection: &Connection, path: &Path, columns: &[(String, String)], error: engine::Error) -> Stop {
    if engine::message(&error).contains("Out of Memory") {
        return Stop::Extract(error.into());
    }
    for (name, kind) in columns {
        let read = format!("SELECT max(hash({})) FROM {}", quote_ident(name), source(path));
        if let Err(error) = connection.execute_batch(&read) {
            let problem = cause(&engine::message(&error), path);
            return Stop::Fault(Fault::Column {
                column: name.clone(),
                kind: kind.clone(),
                problem,
                advice: "write it again",
            });
        }
    }
    unreadable(&error, path)
}

fn unreadable(error: &engine::Error, path: &Path) -> Stop {
    Stop::Fault(Fault::Damaged(cause(&engine::message(error), path)))
}
