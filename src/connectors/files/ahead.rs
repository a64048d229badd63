//! Converting a long text while it is still being read, with the types that its first rows suggest. The result counts only if
//! the whole text says the same.

use std::path::Path;
use std::time::Duration;

use super::convert::{self, Reading};
use super::fault::Fault;
use super::folder::DataFile;
use super::options::Options;
use super::survey::{Ahead, Found, Opened, Survey};
use crate::base::atomic_file::Pending;
use crate::engine::{Connection, Limits, Watch};
use crate::extract::typing::ColumnType;

/// In bytes; a shorter text is read before it is converted.
const LONG: u64 = 512 * 1024;
/// Rows that suggest the types.
const SAMPLE: u64 = 1000;
const NO_LIMIT: Duration = Duration::from_secs(86_400);

/// Reads the whole file, and converts it next to `target` meanwhile if it is long.
pub fn survey(file: &DataFile, options: &Options, target: &Path, limits: &Limits) -> Result<Survey, Fault> {
    let opened = Opened::new(file, options, target)?;
    if opened.size < LONG || opened.layout.names.len() > convert::WIDE {
        let found = opened.read(options, u64::MAX)?;
        return opened.with(found, options, target);
    }
    let sample = opened.read(options, SAMPLE)?;
    let types: Vec<_> = opened
        .layout
        .names
        .iter()
        .zip(&sample.facts)
        .map(|(name, facts)| match options.declared(name) {
            Some(declared) => declared.kind,
            None => facts.verdict().unwrap_or(ColumnType::Text),
        })
        .collect();
    let readings = convert::readings(&opened.layout, &sample.facts, &types, options);
    let parquet = Pending::beside(target).map_err(Fault::write)?;
    let (found, written) = both(&opened, &readings, options, &parquet, limits)?;
    let is_same = convert::readings(&opened.layout, &found.facts, &types, options) == readings;
    let mut survey = opened.with(found, options, target)?;
    if let Some((connection, written)) = written
        && is_same
        && !survey.is_rewritten()
        && survey.longest < convert::USUAL_RECORD
        && convert::check(&connection, &survey, written, parquet.path()).is_ok()
    {
        survey.ahead = Some(Ahead { types, parquet });
    }
    Ok(survey)
}

/// What is in the text, and the rows that were written, if all of them could be.
fn both(
    opened: &Opened,
    readings: &[Reading<'_>],
    options: &Options,
    parquet: &Pending,
    limits: &Limits,
) -> Result<(Found, Option<(Connection, u64)>), Fault> {
    drop(parquet.create().map_err(Fault::write)?);
    let connection = convert::sandbox(&opened.text, parquet.path(), limits)?;
    let copy = convert::copy(&opened.text, &opened.layout, readings, options, parquet.path(), 0);
    let mut watch = Watch::new();
    let stop = watch.stop_on_drop();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let written = watch.run(&connection, NO_LIMIT, |connection| connection.execute(&copy, []));
            written.ok().map(|rows| (connection, rows as u64))
        });
        let found = opened.read(options, u64::MAX);
        if found.is_err() {
            drop(stop);
            let _ = writer.join();
            return found.map(|found| (found, None));
        }
        let written = writer.join().ok().flatten();
        drop(stop);
        Ok((found?, written))
    })
}
