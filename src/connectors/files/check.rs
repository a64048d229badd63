//! Checks that a file can become a table, before it replaces another.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::convert;
use super::engine::TableEngine;
use super::fault::Fault;
use super::folder::DataFile;
use super::options::Options;
use super::schema::Schema;
use super::table::{Content, decided, read};
use crate::base::atomic_file::Pending;
use crate::engine::Limits;
use crate::extract::foreign;
use crate::extract::typing::Reason;
use crate::protocol::file_format::FileFormat;

/// What a file holds.
#[derive(Debug, Deserialize, Serialize)]
pub struct Checked {
    pub rows: i64,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
    /// What was decided while it was read.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Converts `file`, whose format follows from the ending of `name`, into a temporary file in `folder`, and returns what it
/// holds or what is wrong with it.
pub fn check(file: &Path, name: &str, folder: &Path, format: &FileFormat, limits: &Limits) -> Result<Checked, String> {
    let data = DataFile::with_name_of(file, name).ok_or_else(|| format!("{name}: not the name of a data file"))?;
    check_data(&data, folder, format, limits).map_err(|fault| format!("{name}: {fault}"))
}

fn check_data(file: &DataFile, folder: &Path, format: &FileFormat, limits: &Limits) -> Result<Checked, Fault> {
    let options = Options::parse(Some(format))?;
    let pending = Pending::beside(&folder.join("check.parquet")).map_err(|e| Fault::Engine(e.to_string()))?;
    let engine = TableEngine::new(&file.path, pending.path(), limits);
    let (content, rows, mut columns) = read(file, &options, pending.path(), &engine)?;
    let schema = Schema::decide(&[(None, &columns)], &options).map_err(Fault::Engine)?;
    let (types, _) = decided(&mut columns, &schema);
    let mut notes: Vec<String> = schema.reasons.iter().filter_map(Reason::note).collect();
    match content {
        Content::Text(survey) => {
            convert::to_parquet(&survey, &types, &options, pending.path(), &engine)?;
            notes.extend(survey.layout.notes);
        }
        Content::Parquet | Content::Unchanged => {
            let checked =
                foreign::check_with(engine.get()?, &file.path, limits).map_err(|error| Fault::parquet(&error))?;
            notes.extend(checked.notes);
        }
    }
    let columns = columns.into_iter().map(|column| (column.name, column.kind)).collect();
    Ok(Checked { rows, columns, notes })
}
