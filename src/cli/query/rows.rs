//! Where the rows of a result go: to the terminal as a table, CSV or JSON, or to somebody who asked for them. CSV and JSON are
//! written row by row.

use std::io::{self, Write};

use super::Format;
use crate::cli::{Output, Printer, Table};
use crate::query::output::csv;
use crate::query::shown;

/// Takes the rows of a result, one after the other.
pub trait Rows {
    /// Once, before the rows: the names of the columns, all different.
    fn begin(&mut self, names: Vec<String>) -> io::Result<()>;

    /// A row of values in the JSON of [`query`](crate::query). Returns whether it was taken; after one that was not, none
    /// follows.
    fn row(&mut self, values: &[String]) -> io::Result<bool>;
}

/// Prints rows.
pub struct Printed<'a> {
    format: Format,
    printer: &'a Printer,
    writer: Option<RowWriter<'a>>,
}

impl<'a> Printed<'a> {
    pub fn new(format: Format, printer: &'a Printer) -> Self {
        Self { format, printer, writer: None }
    }

    /// Ends the result; what is not written yet is in the output.
    pub fn end(self) -> io::Result<Output> {
        self.writer.map_or_else(|| Ok(Output::streamed()), RowWriter::end)
    }
}

impl Rows for Printed<'_> {
    fn begin(&mut self, names: Vec<String>) -> io::Result<()> {
        self.writer = Some(RowWriter::begin(self.format, names, self.printer)?);
        Ok(())
    }

    fn row(&mut self, values: &[String]) -> io::Result<bool> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.row(values))?;
        Ok(true)
    }
}

enum RowWriter<'a> {
    Table(Table),
    Csv(Box<dyn Write + 'a>),
    Json { names: Vec<String>, rows: usize, out: Box<dyn Write + 'a> },
}

impl<'a> RowWriter<'a> {
    fn begin(format: Format, names: Vec<String>, printer: &'a Printer) -> io::Result<Self> {
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

    fn row(&mut self, values: &[String]) -> io::Result<()> {
        let values = values.iter().map(String::as_str);
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

    fn end(self) -> io::Result<Output> {
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
