//! Reading an export through once, before it is converted: is it whole, and what is in its columns?

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::download::{Export, Part};
use super::fault::ConvertError;
use super::types::Column;
use super::values;
use crate::connectors::records::{RecordError, Records};
use crate::extract::typing::Facts;

const BUFFER: usize = 256 << 10;

/// An export whose every record has been read.
pub struct Survey {
    pub export: Export,
    /// By column of the table.
    pub facts: Vec<Facts>,
    /// Of each field of the export, the position of its column.
    pub order: Vec<usize>,
    pub rows: u64,
    /// Of all records, and of the longest one.
    pub bytes: u64,
    pub longest: usize,
}

impl Survey {
    /// Reads it. Columns are found by name if there is a header, else they are in the order of the table.
    pub fn of(export: Export, columns: &[Column]) -> Result<Self, ConvertError> {
        let facts = vec![Facts::default(); columns.len()];
        let order = (0..columns.len()).collect();
        let mut survey = Self { export, facts, order, rows: 0, bytes: 0, longest: 0 };
        let parts = std::mem::take(&mut survey.export.parts);
        parts.iter().enumerate().try_for_each(|(number, part)| {
            survey.read(part, columns).map_err(|error| match error {
                Problem::Record(RecordError::Read(error)) => ConvertError::Gzip(error),
                Problem::Record(error) => ConvertError::Csv(format!("piece {}, {error}", number + 1)),
                Problem::Other(error) => error,
            })
        })?;
        survey.export.parts = parts;
        Ok(survey)
    }

    fn read(&mut self, part: &Part, columns: &[Column]) -> Result<(), Problem> {
        let mut records = Records::new(open(part).map_err(RecordError::Read)?, b',', Some(b'"'));
        if self.export.header
            && let Some(header) = records.next(false)?
        {
            let names: Vec<_> = header.texts().map(|name| name.into_owned()).collect();
            self.order = order(&names, columns)?;
        }
        // In a table of one column, an empty line is a row without a value.
        while let Some(record) = records.next(columns.len() == 1)? {
            self.rows += 1;
            self.bytes += record.text.len() as u64;
            if record.len() != columns.len() {
                let (row, expected, found) = (self.rows, columns.len(), record.len());
                return Err(ConvertError::Width { row, expected, found }.into());
            }
            for (text, &column) in record.texts().zip(&self.order) {
                values::observe(&columns[column], &mut self.facts[column], &text, self.rows);
            }
        }
        self.longest = self.longest.max(records.longest);
        Ok(())
    }
}

/// What can go wrong with a part.
enum Problem {
    Record(RecordError),
    Other(ConvertError),
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<ConvertError> for Problem {
    fn from(error: ConvertError) -> Self {
        Self::Other(error)
    }
}

/// The text of a part. Reading it to the end checks lengths and checksums, which DuckDB does not: to it, a gzip file that ends too
/// early is a shorter table.
fn open(part: &Part) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(BUFFER, File::open(part.path())?);
    Ok(if part.gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn order(names: &[String], columns: &[Column]) -> Result<Vec<usize>, ConvertError> {
    let mut order = Vec::new();
    for name in names {
        match columns.iter().position(|column| column.name == *name) {
            Some(position) if !order.contains(&position) => order.push(position),
            _ => order.clear(),
        }
    }
    if order.len() == columns.len() && names.len() == columns.len() {
        return Ok(order);
    }
    let expected: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    Err(ConvertError::Header { found: names.join(", "), expected: expected.join(", ") })
}
