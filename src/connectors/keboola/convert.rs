//! CSV pieces to one typed parquet file, through DuckDB's reader.

use std::path::{Path, PathBuf};

use super::fault::ConvertError;
use super::survey::Survey;
use super::types::Column;
use super::values::{Learned, Stored};
use crate::base::ident::{quote_ident, quote_literal, quote_path};
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract;
use crate::extract::typing::ColumnType;

/// Sizes of buffers, in bytes.
#[derive(Clone, Copy)]
struct Sizes {
    /// Of the CSV reader; several are in use at the same time.
    buffer: u64,
    max_row: u64,
    /// Text of one parquet row group, which stays in memory until it is written.
    row_group: u64,
}

/// Writes `target` with the types that were decided. Rows keep their order. An empty value is NULL unless the column is text; there
/// it is the empty text, or, if the table tells the two apart, what it was.
pub fn to_parquet(
    survey: &Survey,
    columns: &[Column],
    learned: &[Learned],
    target: &Path,
    limits: &Limits,
) -> Result<(), ConvertError> {
    let files = survey.export.parts.iter().map(|part| part.path()).chain([target]);
    let connection = Sandbox::default().files(files).directories(limits.spill.as_deref()).open(limits)?;
    let sizes = Sizes::within(memory_limit(&connection)?).for_rows_of(survey.longest as u64);
    connection.execute_batch(&copy(survey, columns, learned, target, sizes)).map_err(plain_csv_error)?;
    let written = extract::parquet::rows(target)?;
    if u64::try_from(written) != Ok(survey.rows) {
        return Err(ConvertError::RowsLost { read: survey.rows, written });
    }
    Ok(())
}

impl Sizes {
    fn within(memory: u64) -> Self {
        let buffer = (memory / 16).clamp(4 << 20, 32 << 20);
        Self { buffer, max_row: buffer / 2, row_group: (memory / 16).clamp(1 << 20, 16 << 20) }
    }

    /// One cell may have 16 MB.
    fn for_rows_of(self, longest: u64) -> Self {
        let max_row = self.max_row.max(longest + 1024);
        Self { buffer: self.buffer.max(max_row + max_row / 4), max_row, ..self }
    }
}

/// The limit of the instance in bytes, which DuckDB returns as e.g. `30.5 MiB`.
fn memory_limit(connection: &Connection) -> engine::Result<u64> {
    let text: String = connection.query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0))?;
    let (number, unit) = text.split_once(' ').unwrap_or((&text, "bytes"));
    let power = ["bytes", "KiB", "MiB", "GiB", "TiB"].iter().position(|&known| known == unit).unwrap_or(2);
    Ok((number.parse::<f64>().unwrap_or(1.0) * 1024_f64.powi(power as i32)) as u64)
}

fn copy(survey: &Survey, columns: &[Column], learned: &[Learned], target: &Path, sizes: Sizes) -> String {
    let source = source(survey, columns.len(), sizes);
    let selected: Vec<String> = columns
        .iter()
        .zip(learned)
        .enumerate()
        .map(|(position, (column, learned))| {
            let expression = match learned.stored {
                Stored::As(ColumnType::Text) if column.is_native => format!("c{position}"),
                Stored::As(ColumnType::Text) => format!("coalesce(c{position}, '')"),
                stored => stored.cast(&format!("nullif(c{position}, '')")),
            };
            format!("{expression} AS {}", quote_ident(&column.published))
        })
        .collect();
    let row_bytes = survey.bytes / survey.rows.max(1);
    let group = (sizes.row_group / row_bytes.max(1)).clamp(2048, 122_880);
    format!(
        "COPY (SELECT {} FROM {source}) TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group}, USE_TMP_FILE false)",
        selected.join(", "),
        quote_path(target)
    )
}

/// The CSV as one relation with the columns `c0`, `c1`, …, all text.
fn source(survey: &Survey, width: usize, sizes: Sizes) -> String {
    let names: Vec<_> = (0..width).map(|position| format!("c{position}")).collect();
    let runs = runs(survey);
    if runs.is_empty() {
        let nothing: Vec<_> = names.iter().map(|name| format!("NULL::VARCHAR AS {name}")).collect();
        return format!("(SELECT {} WHERE false)", nothing.join(", "));
    }
    // By name, since a file with a header may have its own order of columns.
    let names = names.join(", ");
    let selects: Vec<_> = runs.iter().map(|run| format!("SELECT {names} FROM {}", scan(run, survey, sizes))).collect();
    format!("({})", selects.join(" UNION ALL "))
}

fn scan((gzip, files): &(bool, Vec<PathBuf>), survey: &Survey, sizes: Sizes) -> String {
    let files: Vec<_> = files.iter().map(|file| quote_path(file)).collect();
    let columns: Vec<_> =
        survey.order.iter().map(|column| format!("{}: 'VARCHAR'", quote_literal(&format!("c{column}")))).collect();
    // Not parallel: quoted line breaks make it impossible to tell where a row begins from the middle of a file.
    format!(
        "read_csv([{}], auto_detect = false, columns = {{{}}}, header = {}, delim = ',', quote = '\"', escape = '\"', \
         nullstr = '', allow_quoted_nulls = false, parallel = false, compression = '{}', buffer_size = {}, \
         max_line_size = {})",
        files.join(", "),
        columns.join(", "),
        survey.export.header,
        if *gzip { "gzip" } else { "none" },
        sizes.buffer,
        sizes.max_row
    )
}

/// Neighboring files of the same compression: the reader takes one compression for all its files.
fn runs(survey: &Survey) -> Vec<(bool, Vec<PathBuf>)> {
    let mut runs: Vec<(bool, Vec<PathBuf>)> = Vec::new();
    for part in survey.export.parts.iter().filter(|part| part.bytes > 0) {
        match runs.last_mut() {
            Some((gzip, files)) if *gzip == part.gzip => files.push(part.path().to_owned()),
            _ => runs.push((part.gzip, vec![part.path().to_owned()])),
        }
    }
    runs
}

/// DuckDB's CSV errors quote the data and name temporary files; neither belongs in a report.
fn plain_csv_error(error: engine::Error) -> ConvertError {
    let message = engine::message(&error);
    let Some((_, csv)) = message.split_once("CSV Error on ") else { return error.into() };
    let relevant =
        ["Line:", "Expected Number", "Invalid unicode", "Maximum line size", "Value with unterminated quote"];
    let lines: Vec<_> = csv.lines().filter(|line| relevant.iter().any(|start| line.starts_with(start))).collect();
    ConvertError::Csv(lines.join(", "))
}
