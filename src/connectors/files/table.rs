//! Converts a file, or a folder of files, into a table; or checks that a file can become one, before it replaces another.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ahead::survey;
use super::convert;
use super::engine::TableEngine;
use super::fault::Fault;
use super::folder::{DataFile, Format, Origin};
use super::nulls;
use super::options::Options;
use super::schema::Schema;
use super::state::{self, Column, Fingerprint, State};
use super::survey::Survey;
use crate::base::atomic_file::{self, Pending};
use crate::base::disk::Reserve;
use crate::connectors::{Done, column_changes};
use crate::engine::Limits;
use crate::extract::typing::{ColumnType, Reason, reasons};
use crate::extract::{ExtractError, data_file, foreign, parquet, part_files, parts_folder, state_file};
use crate::protocol::file_format::FileFormat;

/// The resources of conversions.
pub struct Resources<'a> {
    pub limits: &'a Limits,
    pub reserve: Reserve,
}

/// A table to be made, and how its files are read.
pub struct Job<'a> {
    pub directory: &'a Path,
    pub table: &'a str,
    pub format: &'a FileFormat,
    pub resources: &'a Resources<'a>,
}

/// Puts `data/<table>.parquet`, or the files of `data/<table>/`, in place, unless they are there from unchanged files.
pub fn extract(origin: &Origin, job: &Job<'_>) -> Result<Done, String> {
    let Job { directory, table, .. } = *job;
    let folder = parts_folder(directory, table);
    let done = match origin {
        Origin::File(file) => {
            let target = Target { parquet: data_file(directory, table), state: state_file(directory, table) };
            let done = job.convert(vec![Part { name: None, file, target }])?;
            atomic_file::remove_directory(&folder).map(|()| done)
        }
        Origin::Parts(files) => {
            let part = |(name, file): (&String, _)| {
                let state = state_file(directory, &format!("{table}/{name}"));
                let parquet = folder.join(format!("{name}.parquet"));
                Part { name: Some(name.clone()), file, target: Target { parquet, state } }
            };
            let done = job.convert(files.iter().map(part).collect())?;
            remove_other_parts(&folder, files)
                .and_then(|()| atomic_file::remove(&data_file(directory, table)))
                .map(|()| done)
        }
    };
    done.map_err(|error| format!("{table}: {}", Fault::write(error)))
}

struct Target {
    parquet: PathBuf,
    state: PathBuf,
}

/// A file of a table.
struct Part<'a> {
    /// `None`: the table has only this one.
    name: Option<String>,
    file: &'a DataFile,
    target: Target,
}

/// A file that was read, or is known from an earlier run.
struct Known<'a> {
    part: Part<'a>,
    state: State,
    content: Content,
}

pub enum Content {
    /// It has not changed since it was converted.
    Unchanged,
    Text(Box<Survey>),
    Parquet,
}

/// A file that was converted and is not in place yet.
struct Converted<'a> {
    part: Part<'a>,
    state: State,
    /// `None`: what is in place stays.
    pending: Option<Pending>,
    notes: Vec<String>,
}

impl Job<'_> {
    /// All files are read before the types are decided, and all are converted before the first is put in place.
    fn convert(&self, parts: Vec<Part<'_>>) -> Result<Done, String> {
        let options = Options::parse(Some(self.format)).map_err(|fault| fault.to_string())?;
        let files = parts.first().map(|part| (part.file.path.clone(), part.target.parquet.clone()));
        let (file, target) = files.unwrap_or_default();
        let engine = TableEngine::new(&file, &target, self.resources.limits);
        let mut known = Vec::new();
        for part in parts {
            let file = part.file;
            known.push(self.read(part, &options, &engine).map_err(|fault| of(file, &fault))?);
        }
        let columns: Vec<_> =
            known.iter().map(|known| (known.part.name.as_deref(), known.state.columns.as_slice())).collect();
        let schema = Schema::decide(&columns, &options)?;
        let converted: Vec<_> = known
            .into_iter()
            .map(|known| {
                let file = known.part.file;
                self.write(known, &schema, &options, &engine).map_err(|fault| of(file, &fault))
            })
            .collect::<Result<_, _>>()?;
        let mut done = Done::default();
        if converted.iter().any(|converted| converted.pending.is_some()) {
            done.notes.extend(schema.reasons.iter().filter_map(Reason::note));
        }
        for converted in converted {
            let file = converted.part.file;
            done.rows += converted.state.rows;
            done.notes.extend_from_slice(&converted.notes);
            converted.put_in_place().map_err(|fault| of(file, &fault))?;
        }
        reasons::keep(self.directory, self.table, &schema.reasons).map_err(|error| error.to_string())?;
        Ok(done)
    }

    fn read<'a>(&self, part: Part<'a>, options: &Options, engine: &TableEngine<'_>) -> Result<Known<'a>, Fault> {
        let source = Fingerprint::of(&part.file.path).map_err(Fault::Read)?;
        if let Some(state) = state::read(&part.target.state)
            && state.source == source
            && state.format == *self.format
            && foreign::check_footer(&part.target.parquet).is_ok_and(|footer| footer.rows == state.rows)
        {
            return Ok(Known { part, state, content: Content::Unchanged });
        }
        // Parquet takes no more than the text it is made from.
        let folder = part.target.parquet.parent().unwrap_or(self.directory);
        fs::create_dir_all(folder).map_err(Fault::write)?;
        self.resources.reserve.ensure(folder, source.size()).map_err(|error| Fault::Engine(error.to_string()))?;
        let (content, rows, columns) = read(part.file, options, &part.target.parquet, engine)?;
        let state = State { source, rows, format: self.format.clone(), columns };
        Ok(Known { part, state, content })
    }

    fn write<'a>(
        &self,
        known: Known<'a>,
        schema: &Schema,
        options: &Options,
        engine: &TableEngine<'_>,
    ) -> Result<Converted<'a>, Fault> {
        let Known { part, mut state, mut content } = known;
        let (types, is_new) = decided(&mut state.columns, schema);
        if is_new && matches!(content, Content::Unchanged) {
            // Another file of the table has changed the type.
            content = match part.file.format {
                Format::Parquet => Content::Parquet,
                Format::Csv | Format::Tsv => {
                    Content::Text(Box::new(survey(part.file, options, &part.target.parquet, engine.limits())?))
                }
            };
        }
        let mut pending = Pending::beside(&part.target.parquet).map_err(Fault::write)?;
        let mut notes = Vec::new();
        match content {
            Content::Unchanged => return Ok(Converted { part, state, pending: None, notes }),
            Content::Text(survey) => {
                // Gives a clear error for a read-only or full directory, before DuckDB gives its own.
                drop(pending.create().map_err(Fault::write)?);
                convert::to_parquet(&survey, &types, options, pending.path(), engine)?;
                notes = survey.layout.notes;
                let written: Vec<_> = types.iter().map(|kind| kind.sql()).collect();
                pending = nulls::retype(pending, &part.target.parquet, &state.columns, &written, engine)?;
            }
            Content::Parquet => {
                fs::copy(&part.file.path, pending.path()).map_err(Fault::write)?;
                let checked = foreign::check_with(engine.get()?, pending.path(), engine.limits());
                notes = checked.map_err(|error| Fault::parquet(&error))?.notes;
                let own = state.columns.iter().map(|column| column.null_type.as_ref().unwrap_or(&column.kind).clone());
                pending =
                    nulls::retype(pending, &part.target.parquet, &state.columns, &own.collect::<Vec<_>>(), engine)?;
            }
        }
        if Fingerprint::of(&part.file.path).map_err(Fault::Read)? != state.source {
            return Err(Fault::Changed);
        }
        notes.extend(column_changes::read_with(engine.get()?, &part.target.parquet, pending.path()));
        if let Some(name) = &part.name {
            notes = notes.into_iter().map(|note| format!("part {name}: {note}")).collect();
        }
        Ok(Converted { part, state, pending: Some(pending), notes })
    }
}

/// What is in a file: its content, rows and columns, whose types are not decided yet.
pub fn read(
    file: &DataFile,
    options: &Options,
    target: &Path,
    engine: &TableEngine<'_>,
) -> Result<(Content, i64, Vec<Column>), Fault> {
    let unreadable = |error: ExtractError| Fault::parquet(&error);
    match file.format {
        Format::Csv | Format::Tsv => {
            let survey = survey(file, options, target, engine.limits())?;
            let facts = survey.layout.names.iter().zip(survey.facts.iter().cloned());
            let columns = facts.map(|(name, facts)| Column {
                name: name.clone(),
                kind: String::new(),
                facts: Some(facts),
                null_type: None,
            });
            let (columns, rows) = (columns.collect(), survey.rows as i64);
            Ok((Content::Text(Box::new(survey)), rows, columns))
        }
        Format::Parquet => {
            let rows = foreign::check_footer(&file.path).map_err(unreadable)?.rows;
            let columns =
                parquet::columns_with(engine.get()?, [file.path.as_path()].into_iter()).map_err(unreadable)?;
            let mut nulls = foreign::null_columns(&file.path).into_iter();
            let column = |(name, kind): (String, String)| {
                let null_type = nulls.next().unwrap_or(false).then(|| kind.clone());
                Column { name, kind, facts: None, null_type }
            };
            Ok((Content::Parquet, rows, columns.into_iter().map(column).collect()))
        }
    }
}

/// Notes the decided type of each column, and returns the types of those of text, with whether any column had another one
/// before.
pub fn decided(columns: &mut [Column], schema: &Schema) -> (Vec<ColumnType>, bool) {
    let mut is_new = false;
    let types = columns.iter_mut().map(|column| {
        let kind = schema.kind(&column.name);
        let own = column.null_type.clone().unwrap_or_else(|| kind.sql());
        let decided = if column.is_null() { schema.kind_of_nulls(&column.name, &own) } else { own };
        if (column.facts.is_some() || column.null_type.is_some()) && column.kind != decided {
            column.kind = decided;
            is_new = true;
        }
        kind
    });
    (types.collect(), is_new)
}

/// A fault with the file that has it.
fn of(file: &DataFile, fault: &Fault) -> String {
    format!("{}: {fault}", file.path.file_name().unwrap_or_default().to_string_lossy())
}

impl Converted<'_> {
    fn put_in_place(self) -> Result<(), Fault> {
        let Self { part, state, pending, .. } = self;
        let Some(pending) = pending else { return Ok(()) };
        // Without its state the new file would only be converted again; with the old state it could count as unchanged.
        atomic_file::remove(&part.target.state).map_err(Fault::write)?;
        pending.commit().map_err(Fault::write)?;
        let state = serde_json::to_vec(&state).map_err(|error| Fault::write(error.into()))?;
        atomic_file::write(&part.target.state, &state).map_err(Fault::write)
    }
}

fn remove_other_parts(folder: &Path, parts: &BTreeMap<String, DataFile>) -> io::Result<()> {
    let stored = part_files(folder)?;
    stored.iter().filter(|(part, _)| !parts.contains_key(*part)).try_for_each(|(_, path)| atomic_file::remove(path))
}
