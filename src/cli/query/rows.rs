//! Writing rows as a table, CSV or JSON. CSV and JSON are written row by row.

use std::io::{self, Write};

use super::Format;
use crate::cli::{Output, Printer, Table};
use crate::query::output::{csv, distinct};
use crate::query::shown;

pub enum RowWriter<'a> {
    Table(Table),
    Csv(Box<dyn Write + 'a>),
    Json { names: Vec<String>, rows: usize, out: Box<dyn Write + 'a> },
}

impl<'a> RowWriter<'a> {
    /// Starts with the names of the columns; a repeated name gets a number appended.
    pub fn begin(format: Format, columns: &[String], printer: &'a Printer) -> io::Result<Self> {
        let names = distinct(columns.iter().map(String::as_str));
        Ok(match format {
            Format::Table => Self::Table(Table::boxed(&names)),
            Format::Json => Self::Json { names, rows: 0, out: Box::new(printer.stdout()) },
            Format::Csv => {
                let mut out = Box::new(printer.stdout());
                if !names.is_empty() {
                    csv::write(&mut out, names.into_iter().map(Some))?;
                }
                Self::Csv(out)
            }
        })
    }

    /// Writes a row of values in the JSON of [`query`](crate::query).
    pub fn row(&mut self, values: &[impl AsRef<str>]) -> io::Result<()> {
        let values = values.iter().map(AsRef::as_ref);
        match self {
            Self::Table(table) => table.aligned_row(
                values.map(|value| (shown::text(value).unwrap_or_default().into_owned(), shown::is_number(value))),
            ),
            Self::Csv(out) => csv::write(out, values.map(shown::text))?,
            Self::Json { names, rows, out } => {
                out.write_all(if *rows == 0 { b"[\n  {" } else { b",\n  {" })?;
                *rows += 1;
                for (index, (name, value)) in names.iter().zip(values).enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(out, "{comma}\n    {}: {}", serde_json::to_string(name)?, shown::exact(value))?;
                }
                out.write_all(b"\n  }")?;
            }
        }
        Ok(())
    }

    /// Ends the result; what is not written yet is in the output.
    pub fn end(self) -> io::Result<Output> {
        match self {
            Self::Table(table) => return Ok(Output::streamed().table(table)),
            Self::Csv(mut out) => out.flush()?,
            Self::Json { rows, mut out, .. } => {
                out.write_all(if rows == 0 { b"[]\n" } else { b"\n]\n" })?;
                out.flush()?;
            }
        }
        Ok(Output::streamed())
    }
}
