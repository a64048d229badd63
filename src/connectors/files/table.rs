//! Converts a file, or a folder of files, into a table; or checks that a file can become one, before it replaces another.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::convert;
use super::fault::Fault;
use super::folder::{DataFile, Format, Origin};
use super::state::{self, Fingerprint, State};
use crate::base::atomic_file::{self, PUBLIC, Pending};
use crate::base::disk::Reserve;
use crate::connectors::{Done, column_changes};
use crate::engine::Limits;
use crate::extract::{ExtractError, data_file, foreign, parquet, part_files, parts_folder, state_file};

/// The resources of conversions.
pub struct Resources<'a> {
    pub limits: &'a Limits,
    pub reserve: Reserve,
}

/// Puts `data/<table>.parquet`, or the files of `data/<table>/`, in place, unless they are there from unchanged files.
pub fn extract(origin: &Origin, directory: &Path, table: &str, resources: &Resources<'_>) -> Result<Done, String> {
    match origin {
        Origin::File(file) => {
            let target = Target { parquet: data_file(directory, table), state: state_file(directory, table) };
            let done = convert_if_new(file, target, resources)
                .and_then(Converted::put_in_place)
                .map_err(|fault| of(file, fault))?;
            atomic_file::remove_directory(&parts_folder(directory, table))
                .map_err(|error| of(file, Fault::write(error)))?;
            Ok(done)
        }
        Origin::Parts(parts) => extract_parts(parts, directory, table, resources),
    }
}

/// All parts are converted before the first is put in place.
fn extract_parts(
    parts: &BTreeMap<String, DataFile>,
    directory: &Path,
    table: &str,
    resources: &Resources<'_>,
) -> Result<Done, String> {
    let folder = parts_folder(directory, table);
    let mut converted = Vec::new();
    for (part, file) in parts {
        let state = state_file(directory, &format!("{table}/{part}"));
        let target = Target { parquet: folder.join(format!("{part}.parquet")), state };
        converted.push((file, convert_if_new(file, target, resources).map_err(|fault| of(file, fault))?));
    }
    let mut whole = Done::default();
    for (file, part) in converted {
        let part = part.put_in_place().map_err(|fault| of(file, fault))?;
        whole.rows += part.rows;
        let name = file.path.file_stem().unwrap_or_default().to_string_lossy();
        whole.notes.extend(part.notes.into_iter().map(|note| format!("part {name}: {note}")));
    }
    let tidied = remove_other_parts(&folder, parts).and_then(|()| atomic_file::remove(&data_file(directory, table)));
    tidied.map_err(|error| format!("{table}: {}", Fault::write(error)))?;
    Ok(whole)
}

/// A fault with the file that has it.
fn of(file: &DataFile, fault: Fault) -> String {
    format!("{}: {fault}", file.path.file_name().unwrap_or_default().to_string_lossy())
}

struct Target {
    parquet: PathBuf,
    state: PathBuf,
}

/// A conversion that has not been put in place yet.
enum Converted {
    Unchanged(i64),
    New { pending: Pending, target: Target, state: State, notes: Vec<String> },
}

fn convert_if_new(file: &DataFile, target: Target, resources: &Resources<'_>) -> Result<Converted, Fault> {
    let source = Fingerprint::of(&file.path).map_err(Fault::Read)?;
    if let Some(known) = state::read(&target.state)
        && known.source == source
        && parquet::rows(&target.parquet).is_ok_and(|rows| rows == known.rows)
    {
        return Ok(Converted::Unchanged(known.rows));
    }
    let pending = Pending::beside(&target.parquet, PUBLIC).map_err(Fault::write)?;
    // Parquet takes no more than the text it is made from.
    resources.reserve.ensure(pending.folder(), source.size()).map_err(|error| Fault::Engine(error.to_string()))?;
    let foreign::Content { rows, mut notes } = match file.format {
        Format::Csv | Format::Tsv => {
            // Gives a clear error for a read-only or full directory, before DuckDB gives its own.
            drop(pending.create().map_err(Fault::write)?);
            foreign::Content::from(convert::to_parquet(file, pending.path(), resources.limits)?)
        }
        Format::Parquet => {
            fs::copy(&file.path, pending.path()).map_err(Fault::write)?;
            foreign::check(pending.path(), resources.limits).map_err(|error| Fault::parquet(&error))?
        }
    };
    if Fingerprint::of(&file.path).map_err(Fault::Read)? != source {
        return Err(Fault::Changed);
    }
    notes.extend(column_changes::between(&target.parquet, pending.path()));
    Ok(Converted::New { pending, target, state: State { source, rows }, notes })
}

impl Converted {
    fn put_in_place(self) -> Result<Done, Fault> {
        let (pending, target, state, notes) = match self {
            Self::Unchanged(rows) => return Ok(Done { rows, notes: Vec::new() }),
            Self::New { pending, target, state, notes } => (pending, target, state, notes),
        };
        // Without its state the new file would only be converted again; with the old state it could count as unchanged.
        atomic_file::remove(&target.state).map_err(Fault::write)?;
        pending.commit().map_err(Fault::write)?;
        let note = serde_json::to_vec_pretty(&state).map_err(|error| Fault::write(error.into()))?;
        atomic_file::write(&target.state, &note, PUBLIC).map_err(Fault::write)?;
        Ok(Done { rows: state.rows, notes })
    }
}

fn remove_other_parts(folder: &Path, parts: &BTreeMap<String, DataFile>) -> io::Result<()> {
    let stored = part_files(folder)?;
    stored.iter().filter(|(part, _)| !parts.contains_key(*part)).try_for_each(|(_, path)| atomic_file::remove(path))
}

/// What a file holds.
#[derive(Debug, Deserialize, Serialize)]
pub struct Checked {
    pub rows: i64,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
}

/// Converts `file`, whose format follows from the ending of `name`, into a temporary file in `folder`, and returns what it
/// holds or what is wrong with it.
pub fn check(file: &Path, name: &str, folder: &Path, limits: &Limits) -> Result<Checked, String> {
    let data = DataFile::with_name_of(file, name).ok_or_else(|| format!("{name}: not the name of a data file"))?;
    check_data(&data, folder, limits).map_err(|fault| format!("{name}: {fault}"))
}

fn check_data(data: &DataFile, folder: &Path, limits: &Limits) -> Result<Checked, Fault> {
    let unreadable = |error: ExtractError| Fault::parquet(&error);
    let pending = Pending::beside(&folder.join("check.parquet"), PUBLIC).map_err(|e| Fault::Engine(e.to_string()))?;
    let (rows, path) = match data.format {
        Format::Csv | Format::Tsv => (convert::to_parquet(data, pending.path(), limits)?, pending.path()),
        Format::Parquet => (foreign::check(&data.path, limits).map_err(unreadable)?.rows, data.path.as_path()),
    };
    Ok(Checked { rows, columns: parquet::columns([path].into_iter()).map_err(unreadable)? })
}
