//! Writing rows as a table, CSV or JSON. CSV and JSON are written row by row.

use std::collections::HashSet;
use std::io::{self, Write};

use super::Format;
use super::cell::Cell;
use crate::cli::{Output, Printer, Table};

pub enum RowWriter<'a> {
    Table(Table),
    Csv(Box<csv::Writer<Box<dyn Write + 'a>>>),
    Json { names: Vec<String>, rows: usize, out: Box<dyn Write + 'a> },
}

impl<'a> RowWriter<'a> {
    /// Starts with the names of the columns; a repeated name gets a number appended.
    pub fn begin(format: Format, columns: &[String], printer: &'a Printer) -> io::Result<Self> {
        let names = distinct(columns);
        Ok(match format {
            Format::Table => Self::Table(Table::boxed(&names)),
            Format::Json => Self::Json { names, rows: 0, out: Box::new(printer.stdout()) },
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(Box::new(printer.stdout()) as Box<dyn Write + 'a>);
                if !names.is_empty() {
                    writer.write_record(&names)?;
                }
                Self::Csv(Box::new(writer))
            }
        })
    }

    pub fn row(&mut self, cells: Vec<Cell>) -> io::Result<()> {
        match self {
            Self::Table(table) => table.aligned_row(cells.iter().map(|cell| (cell.text(), cell.is_number()))),
            Self::Csv(writer) => writer.write_record(cells.iter().map(Cell::text))?,
            Self::Json { names, rows, out } => {
                out.write_all(if *rows == 0 { b"[\n  {" } else { b",\n  {" })?;
                *rows += 1;
                for (index, (name, cell)) in names.iter().zip(&cells).enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(out, "{comma}\n    {}: {}", serde_json::to_string(name)?, cell.json())?;
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
            Self::Csv(mut writer) => writer.flush()?,
            Self::Json { rows, mut out, .. } => {
                out.write_all(if rows == 0 { b"[]\n" } else { b"\n]\n" })?;
                out.flush()?;
            }
        }
        Ok(Output::streamed())
    }
}

/// `a`, `a` becomes `a`, `a_1`.
fn distinct(columns: &[String]) -> Vec<String> {
    let all: HashSet<&String> = columns.iter().collect();
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let (mut name, mut number) = (column.clone(), 0);
        while used.contains(&name) || (number > 0 && all.contains(&name)) {
            number += 1;
            name = format!("{column}_{number}");
        }
        used.insert(name.clone());
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_is_lost() {
        let columns = ["a", "a", "a_1", "b", "a"].map(String::from);
        assert_eq!(distinct(&columns), ["a", "a_2", "a_1", "b", "a_3"]);
    }
}
