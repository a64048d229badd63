//! A text whose types are known to parquet: one streaming `COPY` through DuckDB, and the proof that nothing was lost.

use std::path::Path;

use super::engine::TableEngine;
use super::fault::Fault;
use super::layout::Layout;
use super::options::Options;
use super::survey::{Survey, find_value};
use super::text::Text;
use crate::base::ident::{quote_ident, quote_literal, quote_path};
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::parquet;
use crate::extract::typing::{ColumnType, Declared, Facts};

/// Starts the error for a value that is not of its declared type; followed by `<column>:<value>` and [`MISFIT_END`].
const MISFIT: &str = "value-does-not-fit:";
const MISFIT_END: &str = ":end-of-value";
/// DuckDB's own limit for a record, in bytes.
pub const USUAL_RECORD: usize = 2_000_000;
/// From this many columns on, rows are written in small groups, since each column of a group takes memory.
pub const WIDE: usize = 500;

/// How the texts of a column are read.
#[derive(Debug, PartialEq)]
pub enum Reading<'a> {
    /// All are known to be of this type.
    Cast(ColumnType),
    /// As its owner has said.
    Declared(&'a Declared),
}

/// How each column is read, if these are the facts and types.
pub fn readings<'a>(layout: &Layout, facts: &[Facts], types: &[ColumnType], options: &'a Options) -> Vec<Reading<'a>> {
    let columns = layout.names.iter().zip(facts).zip(types);
    columns
        .map(|((name, facts), kind)| match options.declared(name) {
            Some(declared) if declared.is_formatted(options.separators) || !facts.casts_to(*kind) => {
                Reading::Declared(declared)
            }
            _ => Reading::Cast(*kind),
        })
        .collect()
}

/// Writes the rows to the parquet file `target`; `types` are those of the columns of the layout.
pub fn to_parquet(
    survey: &Survey,
    types: &[ColumnType],
    options: &Options,
    target: &Path,
    engine: &TableEngine<'_>,
) -> Result<(), Fault> {
    if let Some(parquet) = survey.ahead.as_ref().and_then(|ahead| ahead.with_types(types)) {
        return std::fs::rename(parquet, target).map_err(Fault::write);
    }
    let columns = survey.layout.names.len();
    let narrow;
    let connection = if columns > WIDE {
        narrow = sandbox(survey.readable(), target, &Limits { threads: 1, ..engine.limits().clone() })?;
        &narrow
    } else {
        engine.get()?
    };
    let readings = readings(&survey.layout, &survey.facts, types, options);
    let copy = copy(survey.readable(), &survey.layout, &readings, options, target, survey.longest);
    let written = connection.execute(&copy, []).map_err(|error| {
        let text = engine::message(&error);
        match misfit(&text) {
            Some((column, value)) => undeclared(survey, options, column, value).unwrap_or_else(|fault| fault),
            None if text.starts_with("Out of Memory") => Fault::TooWide { columns },
            None => Fault::conversion(&error),
        }
    })?;
    check(connection, survey, written as u64, target)
}

/// A database that may read the text and write the file.
pub fn sandbox(text: &Text, target: &Path, limits: &Limits) -> Result<Connection, Fault> {
    let sandbox = Sandbox::default().files([text.path.as_path(), target]).directories(limits.spill.as_deref());
    sandbox.open(limits).map_err(|error| Fault::conversion(&error))
}

/// The columns are called `c0`, `c1`… inside, so that DuckDB's messages cannot be confused with odd names. A declared value is
/// computed in a subquery (`v0`, `v1`…), so that it is done once.
pub fn copy(
    text: &Text,
    layout: &Layout,
    readings: &[Reading<'_>],
    options: &Options,
    target: &Path,
    longest: usize,
) -> String {
    let (mut reader_types, mut parsed, mut values) = (Vec::new(), vec!["*".to_owned()], Vec::new());
    for (index, (name, reading)) in layout.names.iter().zip(readings).enumerate() {
        let column = format!("c{index}");
        // Every text was found to be of its type, so that the reader can cast it. For zones it knows too few forms.
        let reader_type = match *reading {
            Reading::Cast(ColumnType::Instant) | Reading::Declared(_) => ColumnType::Text,
            Reading::Cast(_) if !options.null_values.is_empty() => ColumnType::Text,
            Reading::Cast(kind) => kind,
        };
        reader_types.push(format!("'{column}': '{}'", reader_type.sql()));
        let text = match options.null_values.is_empty() {
            true => column,
            false => {
                let nulls: Vec<_> = options.null_values.iter().map(|null| quote_literal(null)).collect();
                format!("CASE WHEN {column} NOT IN ({}) THEN {column} END", nulls.join(", "))
            }
        };
        let value = match *reading {
            Reading::Declared(declared) => {
                parsed.push(format!("{} AS v{index}", declared.parse(&format!("({text})"), options.separators)));
                format!(
                    "CASE WHEN ({text}) IS NULL OR v{index} IS NOT NULL THEN v{index} ELSE error('{MISFIT}{index}:' || c{index} || '{MISFIT_END}') END"
                )
            }
            Reading::Cast(kind) if reader_type == kind => text,
            Reading::Cast(kind) => kind.cast(&format!("({text})")),
        };
        values.push(format!("{value} AS {}", quote_ident(name)));
    }
    reader_types.extend((layout.names.len()..layout.width).map(|index| format!("'c{index}': 'VARCHAR'")));
    let quote = options.quote.byte().map_or_else(|| "''".into(), |quote| quote_literal(&char::from(quote).to_string()));
    let long = match longest {
        0..USUAL_RECORD => String::new(),
        longest => format!(", max_line_size = {}, buffer_size = {}", longest + 1024, longest * 2),
    };
    let select = format!(
        "SELECT {values} FROM (SELECT {parsed} FROM read_csv({source}, auto_detect = false, header = true, skip = {skip}, \
         delim = {delimiter}, quote = {quote}, escape = {quote}, strict_mode = true, compression = '{compression}', \
         columns = {{{types}}}{long}))",
        values = values.join(", "),
        parsed = parsed.join(", "),
        source = quote_path(&text.path),
        skip = layout.skip_lines,
        delimiter = quote_literal(&char::from(layout.delimiter).to_string()),
        compression = if text.gzip { "gzip" } else { "none" },
        types = reader_types.join(", "),
    );
    let copy = parquet::copy(&select, target);
    if layout.names.len() > WIDE {
        copy.replacen("(FORMAT parquet", "(FORMAT parquet, ROW_GROUP_SIZE 2048", 1)
    } else {
        copy
    }
}

/// The column and the value that stopped a `COPY`.
fn misfit(text: &str) -> Option<(usize, &str)> {
    let (index, value) = text.split_once(MISFIT)?.1.split_once(':')?;
    // DuckDB adds to its message.
    Some((index.parse().ok()?, value.rsplit_once(MISFIT_END)?.0))
}

fn undeclared(survey: &Survey, options: &Options, column: usize, value: &str) -> Result<Fault, Fault> {
    let line = find_value(survey, options, column, |text| text == value)?.unwrap_or_default();
    let name = survey.layout.names.get(column).cloned().unwrap_or_default();
    Ok(Fault::Misfit {
        line,
        value: value.lines().next().unwrap_or_default().chars().take(100).collect(),
        declared: options.declared(&name).map(ToString::to_string).unwrap_or_default(),
        column: name,
    })
}

/// Compares the rows, and the values of each column, with what was counted in the text.
pub fn check(connection: &Connection, survey: &Survey, written: u64, target: &Path) -> Result<(), Fault> {
    let lost = |what: String| Fault::Engine(format!("{what}; nothing was changed, please report this"));
    if written != survey.rows {
        return Err(lost(format!("{} rows were read, but {written} written", survey.rows)));
    }
    let sql = format!(
        "SELECT column_id, sum(num_values - stats_null_count)::UBIGINT FROM parquet_metadata({}) GROUP BY ALL",
        quote_path(target)
    );
    let counts = connection
        .prepare(&sql)
        .and_then(|mut statement| {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<(usize, u64)>, _>>()
        })
        .map_err(|error| Fault::conversion(&error))?;
    for (column, values) in counts {
        let expected = survey.facts.get(column).map_or(values, |facts| facts.values);
        if values != expected {
            let name = &survey.layout.names[column];
            return Err(lost(format!("column '{name}' has {expected} values, but {values} were written")));
        }
    }
    Ok(())
}
