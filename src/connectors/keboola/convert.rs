//! CSV pieces to one typed parquet file, through DuckDB's reader.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::download::Export;
use super::types::{Column, Kind};
use crate::base::ident::{quote_ident, quote_literal, quote_path};
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::{self, ExtractError};

/// Sizes of buffers, in bytes.
#[derive(Clone, Copy)]
struct Sizes {
    /// Of the CSV reader; several are in use at the same time.
    buffer: u64,
    max_row: u64,
    /// Text of one parquet row group, which stays in memory until it is written.
    row_group: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    #[error("the exported CSV cannot be read: {0}")]
    Csv(String),
    #[error("a downloaded piece is not whole: {0}")]
    Gzip(io::Error),
    #[error("the exported columns ({found}) are not those of the table ({expected})")]
    Header { found: String, expected: String },
    #[error("{written} rows were written of {read}")]
    RowsLost { read: i64, written: i64 },
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

/// Writes `target`. Rows keep their order. An empty value is NULL unless the column is text. Returns the columns that are
/// written as text because a value did not fit their type.
pub fn to_parquet(
    export: &Export,
    columns: &[Column],
    target: &Path,
    limits: &Limits,
) -> Result<Vec<String>, ConvertError> {
    // To DuckDB, a gzip file that ends too early is a shorter table.
    for part in export.parts.iter().filter(|part| part.gzip) {
        check_gzip(part.path()).map_err(ConvertError::Gzip)?;
    }
    let files = export.parts.iter().map(|part| part.path()).chain([target]);
    let connection = Sandbox::default().files(files).directories(limits.spill.as_deref()).open(limits)?;

    let sizes = Sizes::within(memory_limit(&connection)?);
    let attempt = |sizes| convert(&connection, export, columns, target, sizes).map_err(plain_csv_error);
    match attempt(sizes) {
        // A row longer than the buffer also looks as if it had the wrong width.
        Err(first @ ConvertError::Csv(_)) => match attempt(sizes.for_long_rows()) {
            Err(ConvertError::Engine(_)) => Err(first),
            outcome => outcome,
        },
        outcome => outcome,
    }
}

/// Reads to the end, checking lengths and checksums.
fn check_gzip(path: &Path) -> io::Result<()> {
    let file = BufReader::with_capacity(256 << 10, File::open(path)?);
    io::copy(&mut MultiGzDecoder::new(file), &mut io::sink()).map(|_| ())
}

impl Sizes {
    fn within(memory: u64) -> Self {
        let buffer = (memory / 16).clamp(4 << 20, 32 << 20);
        Self { buffer, max_row: buffer / 2, row_group: (memory / 16).clamp(1 << 20, 16 << 20) }
    }

    /// One cell may have 16 MB.
    fn for_long_rows(self) -> Self {
        Self { buffer: 80 << 20, max_row: 64 << 20, ..self }
    }
}

/// The limit of the instance in bytes, which DuckDB returns as e.g. `30.5 MiB`.
fn memory_limit(connection: &Connection) -> engine::Result<u64> {
    let text: String = connection.query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0))?;
    let (number, unit) = text.split_once(' ').unwrap_or((&text, "bytes"));
    let power = ["bytes", "KiB", "MiB", "GiB", "TiB"].iter().position(|&known| known == unit).unwrap_or(2);
    Ok((number.parse::<f64>().unwrap_or(1.0) * 1024_f64.powi(power as i32)) as u64)
}

fn convert(
    connection: &Connection,
    export: &Export,
    columns: &[Column],
    target: &Path,
    sizes: Sizes,
) -> Result<Vec<String>, ConvertError> {
    let mut source = Source { runs: runs(export), names: positions(columns.len()), header: export.header, sizes };
    if export.header && !source.runs.is_empty() {
        source.names = header_order(connection, &source, columns)?;
    }
    let source = source.sql();
    let survey = survey(connection, &source, columns)?;

    let selected: Vec<String> = columns
        .iter()
        .zip(positions(columns.len()))
        .zip(&survey.failing)
        .map(|((column, value), &failing)| {
            let expression = match parse(column.kind, &value) {
                Some(parsed) if !failing => format!("CASE WHEN {value} <> '' THEN {parsed} END"),
                _ => format!("coalesce({value}, '')"),
            };
            format!("{expression} AS {}", quote_ident(&column.name))
        })
        .collect();
    let group = (sizes.row_group as f64 / survey.row_bytes.max(1.0)).clamp(2048.0, 122_880.0) as u64;
    connection.execute_batch(&format!(
        "COPY (SELECT {} FROM {source}) TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group}, USE_TMP_FILE false)",
        selected.join(", "),
        quote_path(target)
    ))?;
    let written = extract::parquet::rows(target)?;
    if written != survey.rows {
        return Err(ConvertError::RowsLost { read: survey.rows, written });
    }
    let failing = columns.iter().zip(&survey.failing).filter(|(_, failing)| **failing);
    Ok(failing.map(|(column, _)| column.name.clone()).collect())
}

/// The CSV as one relation with the columns `c0`, `c1`, …, all text.
struct Source {
    /// Neighbouring files of the same compression: the reader takes one compression for all its files.
    runs: Vec<(bool, Vec<PathBuf>)>,
    /// Names of the fields in the order of the file.
    names: Vec<String>,
    header: bool,
    sizes: Sizes,
}

impl Source {
    fn sql(&self) -> String {
        let scans: Vec<String> = self.runs.iter().map(|run| self.scan(run, self.header)).collect();
        if scans.is_empty() {
            let nothing: Vec<_> = self.names.iter().map(|name| format!("NULL::VARCHAR AS {name}")).collect();
            return format!("(SELECT {} WHERE false)", nothing.join(", "));
        }
        // By name, since a file with a header may have its own order of columns.
        let names = positions(self.names.len()).join(", ");
        let selects: Vec<_> = scans.iter().map(|scan| format!("SELECT {names} FROM {scan}")).collect();
        format!("({})", selects.join(" UNION ALL "))
    }

    fn scan(&self, (gzip, files): &(bool, Vec<PathBuf>), header: bool) -> String {
        let files: Vec<_> = files.iter().map(|file| quote_path(file)).collect();
        let columns: Vec<_> = self.names.iter().map(|name| format!("{}: 'VARCHAR'", quote_literal(name))).collect();
        let compression = if *gzip { "gzip" } else { "none" };
        // Not parallel: quoted line breaks make it impossible to tell where a row begins from the middle of a file.
        format!(
            "read_csv([{}], auto_detect = false, columns = {{{}}}, header = {header}, delim = ',', quote = '\"',
                escape = '\"', nullstr = '', allow_quoted_nulls = false, parallel = false,
                compression = '{compression}', buffer_size = {}, max_line_size = {})",
            files.join(", "),
            columns.join(", "),
            self.sizes.buffer,
            self.sizes.max_row
        )
    }
}

fn positions(count: usize) -> Vec<String> {
    (0..count).map(|position| format!("c{position}")).collect()
}

fn runs(export: &Export) -> Vec<(bool, Vec<PathBuf>)> {
    let mut runs: Vec<(bool, Vec<PathBuf>)> = Vec::new();
    for part in export.parts.iter().filter(|part| part.bytes > 0) {
        match runs.last_mut() {
            Some((gzip, files)) if *gzip == part.gzip => files.push(part.path().to_owned()),
            _ => runs.push((part.gzip, vec![part.path().to_owned()])),
        }
    }
    runs
}

/// Names the file's fields by the position of their column in the table.
fn header_order(connection: &Connection, source: &Source, columns: &[Column]) -> Result<Vec<String>, ConvertError> {
    let Some(run) = source.runs.first() else { return Ok(source.names.clone()) };
    let sql = format!("SELECT * FROM {} LIMIT 1", source.scan(run, false));
    let found: Vec<String> = connection.query_row(&sql, [], |row| {
        (0..columns.len()).map(|field| Ok(row.get::<_, Option<String>>(field)?.unwrap_or_default())).collect()
    })?;
    let mut order = Vec::new();
    for name in &found {
        match columns.iter().position(|column| column.name == *name) {
            Some(position) if !order.contains(&format!("c{position}")) => order.push(format!("c{position}")),
            _ => {
                let expected: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
                return Err(ConvertError::Header { found: found.join(", "), expected: expected.join(", ") });
            }
        }
    }
    Ok(order)
}

/// The result of one pass over the CSV.
struct Survey {
    rows: i64,
    row_bytes: f64,
    /// By column: some value does not fit the declared type.
    failing: Vec<bool>,
}

fn survey(connection: &Connection, source: &str, columns: &[Column]) -> Result<Survey, ConvertError> {
    let values = positions(columns.len());
    let lengths: Vec<_> = values.iter().map(|value| format!("coalesce(strlen({value}), 0)")).collect();
    let failing: Vec<_> = columns
        .iter()
        .zip(&values)
        .map(|(column, value)| match parse(column.kind, value) {
            Some(parsed) => format!("coalesce(bool_or({value} <> '' AND ({parsed}) IS NULL), false)"),
            None => "false".into(),
        })
        .collect();
    let sql = format!(
        "SELECT count(*), coalesce(avg({}), 0)::DOUBLE, {} FROM {source}",
        lengths.join(" + "),
        failing.join(", ")
    );
    Ok(connection.query_row(&sql, [], |row| {
        let failing = (0..columns.len()).map(|column| row.get(column + 2)).collect::<Result<_, _>>()?;
        Ok(Survey { rows: row.get(0)?, row_bytes: row.get(1)?, failing })
    })?)
}

/// SQL that turns the non-empty text `value` into the type, or NULL where that would lose something.
/// `None` for text.
fn parse(kind: Kind, value: &str) -> Option<String> {
    // DuckDB would round 1.5 to 2, cut a time off a date, and ignore the offset of a time without zone.
    let whole = format!(r"regexp_full_match({value}, '\s*[+-]?[0-9]+(\.0*)?\s*')");
    // Snowflake writes ` +0200` where DuckDB wants `+02:00`.
    let zoned = format!(
        r"TRY_CAST(regexp_replace(regexp_replace({value}, '(:[0-9.]+)\s+([-+Z])', '\1\2'),
            '(:[0-9.]+[-+][0-9]{{2}})([0-9]{{2}})\s*$', '\1:\2') AS TIMESTAMPTZ)"
    );
    Some(match kind {
        Kind::Varchar => return None,
        Kind::BigInt => format!("CASE WHEN {whole} THEN TRY_CAST({value} AS BIGINT) END"),
        Kind::Double => format!("TRY_CAST({value} AS DOUBLE)"),
        Kind::Decimal { precision, scale } => format!(
            r"CASE WHEN regexp_full_match({value}, '\s*[+-]?[0-9]*(\.[0-9]{{0,{scale}}}0*)?\s*')
                THEN TRY_CAST({value} AS DECIMAL({precision}, {scale})) END"
        ),
        Kind::Boolean => format!(
            "CASE WHEN lower({value}) IN ('true', '1', 't') THEN true
                WHEN lower({value}) IN ('false', '0', 'f') THEN false END"
        ),
        Kind::Date => format!(
            "CASE WHEN TRY_CAST({value} AS TIMESTAMP) = TRY_CAST({value} AS DATE)::TIMESTAMP
                THEN TRY_CAST({value} AS DATE) END"
        ),
        Kind::Time => {
            format!(r"CASE WHEN regexp_matches({value}, '^\s*[0-9]{{1,2}}:') THEN TRY_CAST({value} AS TIME) END")
        }
        Kind::Timestamp => format!(
            r"CASE WHEN NOT regexp_matches({value}, ':[0-9.]+\s*[+-][0-9:]+\s*$') THEN TRY_CAST({value} AS TIMESTAMP) END"
        ),
        Kind::TimestampLocal => format!("make_timestamp(epoch_us({zoned}))"),
        Kind::TimestampTz => zoned,
        Kind::Blob => {
            format!("CASE WHEN regexp_full_match({value}, '([0-9A-Fa-f]{{2}})*') THEN unhex({value}) END")
        }
    })
}

/// DuckDB's CSV errors quote the data and name temporary files; neither belongs in a report.
fn plain_csv_error(error: ConvertError) -> ConvertError {
    let ConvertError::Engine(engine_error) = &error else { return error };
    let message = engine::message(engine_error);
    let Some((_, csv)) = message.split_once("CSV Error on ") else { return error };
    let relevant =
        ["Line:", "Expected Number", "Invalid unicode", "Maximum line size", "Value with unterminated quote"];
    let lines: Vec<_> = csv.lines().filter(|line| relevant.iter().any(|start| line.starts_with(start))).collect();
    ConvertError::Csv(lines.join(", "))
}
