//! Writing rows as a table, CSV or JSON. CSV and JSON are written row by row.

use std::collections::HashSet;
use std::io::{self, Write};

use super::Format;
use crate::cli::{Output, Printer, Table};
use crate::query::shown;

pub enum RowWriter<'a> {
    Table(Table),
    Csv(Box<dyn Write + 'a>),
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
                let mut out = Box::new(printer.stdout());
                if !names.is_empty() {
                    write_csv(&mut out, names.into_iter().map(Some))?;
                }
                Self::Csv(out)
            }
        })
    }

    /// Writes a row of values in the JSON of [`query`](crate::query).
    pub fn row(&mut self, values: &[impl AsRef<str>]) -> io::Result<()> {
        let values = values.iter().map(AsRef::as_ref);
        match self {
            Self::Table(table) => {
                table.aligned_row(values.map(|value| (shown::text(value).unwrap_or_default(), shown::is_number(value))))
            }
            Self::Csv(out) => write_csv(out, values.map(shown::text))?,
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

/// Writes a record. NULL is empty and an empty text is `""`; a record that is nothing but one NULL is `""` too, because
/// readers skip empty lines.
fn write_csv(out: &mut impl Write, fields: impl ExactSizeIterator<Item = Option<String>>) -> io::Result<()> {
    let is_single = fields.len() == 1;
    for (index, field) in fields.enumerate() {
        out.write_all(if index == 0 { b"" } else { b"," })?;
        match field {
            Some(text) if !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) => {
                out.write_all(text.as_bytes())?
            }
            None if !is_single => {}
            field => write!(out, "\"{}\"", field.unwrap_or_default().replace('"', "\"\""))?,
        }
    }
    out.write_all(b"\n")
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
