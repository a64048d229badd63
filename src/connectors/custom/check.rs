//! Checks that what a connector wrote is a valid extract.

use std::collections::HashSet;
use std::path::Path;

use crate::base::ident;
use crate::connectors::Done;
use crate::engine::Limits;
use crate::extract::{self, TableMeta, data_file, foreign, parts_folder};
use crate::protocol::vocabulary::QueryMode;

/// Returns the local tables of the extract in `directory` with the rows that they really have, or what is wrong with it.
pub(super) fn check(directory: &Path, limits: &Limits) -> Result<Vec<(String, Done)>, String> {
    let written = extract::read(directory).map_err(|error| error.to_string())?;
    let mut names = HashSet::new();
    for table in &written.tables {
        let name = &table.table_name;
        if !ident::is_strict(name) || ident::is_reserved_table(name) {
            return Err(format!("{name:?} cannot name a table: use letters, digits and _ (64 at most)"));
        }
        if !names.insert(name.to_lowercase()) {
            return Err(format!("_meta names {name} twice"));
        }
    }
    let local = written.tables.iter().filter(|table| table.query_mode == QueryMode::Local);
    local.map(|table| one(directory, table, &written, limits).map(|done| (table.table_name.clone(), done))).collect()
}

fn one(directory: &Path, table: &TableMeta, written: &extract::Extract, limits: &Limits) -> Result<Done, String> {
    let name = &table.table_name;
    let failed = |error: &dyn std::fmt::Display| format!("table {name}: {error}");
    if !written.objects.contains(&name.to_lowercase()) {
        return Err(failed(&"named in _meta, but there is no table or view of that name"));
    }
    let (file, folder) = (data_file(directory, name), parts_folder(directory, name));
    let files = match (file.is_file(), folder.is_dir()) {
        (true, true) => return Err(failed(&"it has both data/{table}.parquet and data/{table}/; write one of them")),
        (true, false) => vec![file],
        (false, true) => parquet_files(&folder).map_err(|error| failed(&error))?,
        (false, false) => Vec::new(),
    };
    if files.is_empty() {
        if !written.stored.contains(&name.to_lowercase()) {
            let hint = "its rows have to be in data/{table}.parquet, data/{table}/*.parquet, or in a table of \
                        extract.duckdb; a view alone has none";
            return Err(failed(&hint));
        }
        return Ok(Done { rows: table.rows, notes: Vec::new() });
    }
    let (mut rows, mut notes) = (0, Vec::new());
    for file in &files {
        if file.is_symlink() {
            return Err(failed(&"its data is a symbolic link; write the file itself"));
        }
        let content = foreign::check(file, limits).map_err(|error| failed(&error))?;
        rows += content.rows;
        notes.extend(content.notes);
    }
    if table.rows != rows {
        notes.push(format!("_meta says {} rows, and there are {rows}", table.rows));
    }
    Ok(Done { rows, notes })
}

fn parquet_files(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    files.sort();
    Ok(files)
}
