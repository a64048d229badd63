//! CSV to parquet: one streaming `COPY` through DuckDB, typed by the sample and retyped where a later value does not fit.

use std::path::Path;

use super::fault::Fault;
use super::folder::DataFile;
use super::kind::Kind;
use super::text::{self, Sample};
use crate::base::ident::{quote_ident, quote_literal, quote_path};
use crate::engine::{self, Limits, Sandbox};
use crate::extract::parquet;

/// Attempts with wider types, before every column becomes text.
const MAX_ATTEMPTS: usize = 8;
/// Starts the error for a value that its column's type cannot hold exactly; followed by `<column>:<value>`.
const MISFIT: &str = "value-does-not-fit:";

/// Writes the rows of `file` to the parquet file `target`. Returns their number.
///
/// A value beyond the sample that does not fit makes its column `DOUBLE` where that loses nothing, else `VARCHAR`.
pub fn to_parquet(file: &DataFile, target: &Path, limits: &Limits) -> Result<i64, Fault> {
    let sample = text::sample(file)?;
    // The scan runs on another core, so that it costs little time.
    let (rows, scanned) = std::thread::scope(|scope| {
        let scan = scope.spawn(|| text::scan(file));
        let rows = copy_with_retyping(file, sample, target, limits);
        (rows, scan.join())
    });
    // What the scan found is the cause of DuckDB's error.
    scanned.map_err(|_| Fault::Engine("the check of the file broke off".into()))??;
    rows
}

fn copy_with_retyping(file: &DataFile, mut sample: Sample, target: &Path, limits: &Limits) -> Result<i64, Fault> {
    let sandbox = Sandbox::default().files([&file.path, target]).directories(limits.spill.as_deref());
    let connection = sandbox.open(limits).map_err(|error| Fault::reader(&error))?;
    for left in (0..MAX_ATTEMPTS).rev() {
        let error = match connection.execute(&copy(file, &sample, target), []) {
            Ok(rows) => return Ok(rows as i64),
            Err(error) => error,
        };
        let text = engine::message(&error);
        let Some((index, value)) = misfit(&text).filter(|(index, _)| *index < sample.columns.len()) else {
            return Err(Fault::reader(&error));
        };
        let (name, kind) = &mut sample.columns[index];
        let widened = match kind.join(Kind::of(value)) {
            same if same == *kind => Kind::Text,
            Kind::Unknown => Kind::Text,
            wider => wider,
        };
        tracing::debug!(file = %file.path.display(), column = name, "{kind:?} does not hold every value: {widened:?}");
        *kind = widened;
        if left == 1 {
            sample.columns.iter_mut().for_each(|(_, kind)| *kind = Kind::Text);
        }
    }
    Err(Fault::Engine("no types were found for its columns".into()))
}

/// The columns are called `c0`, `c1`… inside, so that DuckDB's messages cannot be confused with odd names. Casts are in
/// a subquery (`v0`, `v1`…), so that each is done once.
fn copy(file: &DataFile, sample: &Sample, target: &Path) -> String {
    let (mut types, mut casts, mut values) = (Vec::new(), vec!["*".to_owned()], Vec::new());
    for (index, (name, kind)) in sample.columns.iter().enumerate() {
        let (column, cast, name) = (format!("c{index}"), format!("v{index}"), quote_ident(name));
        types.push(format!("'{column}': '{}'", kind.reader_type()));
        values.push(match kind.checked_cast(&column, &cast) {
            None => format!("{column} AS {name}"),
            Some((value, fits)) => {
                casts.push(format!("{value} AS {cast}"));
                format!(
                    "CASE WHEN {fits} THEN {cast} WHEN {column} IS NOT NULL \
                     THEN error('{MISFIT}{index}:' || {column}) END AS {name}"
                )
            }
        });
    }
    let select = format!(
        "SELECT {values} FROM (SELECT {casts} FROM read_csv({source}, auto_detect = false, header = true, \
         delim = {delimiter}, quote = '\"', escape = '\"', strict_mode = true, compression = '{compression}', \
         columns = {{{types}}}))",
        values = values.join(", "),
        casts = casts.join(", "),
        source = quote_path(&file.path),
        delimiter = quote_literal(&char::from(sample.delimiter).to_string()),
        compression = if file.gzip { "gzip" } else { "none" },
        types = types.join(", "),
    );
    parquet::copy(&select, target)
}

/// Column and value that stopped a `COPY`, whether our check, DuckDB's reader or a cast found it.
fn misfit(text: &str) -> Option<(usize, &str)> {
    if let Some((_, rest)) = text.split_once(MISFIT) {
        let (index, value) = rest.split_once(':')?;
        return Some((index.parse().ok()?, value.lines().next().unwrap_or_default()));
    }
    let (_, rest) = text.split_once("Error when converting column \"c")?;
    let (index, rest) = rest.split_once("\". Could not convert string \"")?;
    Some((index.parse().ok()?, rest.split_once("\" to '")?.0))
}
