//! What each source offers to publish, by its extract.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::health::Problem;
use crate::base::ident;
use crate::config::DataDir;
use crate::extract::{self, Extract, Publication, TableMeta};
use crate::protocol::vocabulary::QueryMode;

/// What one source offers.
pub(super) struct Offer {
    pub source: String,
    pub directory: PathBuf,
    pub tables: Vec<TableMeta>,
    pub extract: Extract,
}

/// Reads every source; the second value names those that cannot be read although they published something before.
/// A source is gone only when its directory is.
pub(super) fn read_all(
    data_dir: &DataDir,
    previous: &Publication,
    problems: &mut Vec<Problem>,
) -> io::Result<(Vec<Offer>, HashSet<String>)> {
    let (mut offers, mut broken) = (Vec::new(), HashSet::new());
    let extracts = data_dir.extracts();
    if !extracts.is_dir() {
        // Perhaps a volume that is not mounted.
        broken.extend(previous.tables().map(|table| table.source.clone()));
        problems.extend(broken.iter().map(|source| {
            Problem::of(source, format!("{} is missing; the last good tables stay published", extracts.display()))
        }));
        return Ok((offers, broken));
    }
    for directory in directories(&extracts)? {
        let source = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !directory.join(extract::DATABASE).is_file() {
            if previous.tables().any(|table| table.source == source) {
                let error = format!("{} is missing; the last good tables stay published", extract::DATABASE);
                problems.push(Problem::of(&source, error));
                broken.insert(source);
            }
            continue;
        }
        if !ident::is_strict(&source) || ident::is_reserved_source(&source) {
            let error = "a source's directory needs a name of letters, digits and _ that is not reserved \
                         (main, temp, system, server)";
            problems.push(Problem::of(&source, error.into()));
            continue;
        }
        match extract::read(&directory) {
            Ok(extract) => {
                let tables = offered(&source, &extract, problems);
                offers.push(Offer { source, directory, tables, extract });
            }
            Err(error) => {
                tracing::error!(source, %error, "source cannot be read; its last good tables stay published");
                problems.push(Problem::of(&source, error.to_string()));
                broken.insert(source);
            }
        }
    }
    Ok((offers, broken))
}

impl Offer {
    /// Offers the file of a table that the extract does not name, if there is one.
    pub(super) fn add_file(&mut self, name: &str) {
        let file = extract::data_file(&self.directory, name);
        let named = self.tables.iter().any(|table| table.table_name.eq_ignore_ascii_case(name));
        let Some(metadata) = std::fs::metadata(file).ok().filter(|_| ident::is_strict(name) && !named) else { return };
        let written = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
        self.tables.push(TableMeta {
            table_name: name.to_owned(),
            description: None,
            rows: 0,
            size_bytes: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
            extracted_at: written,
            query_mode: QueryMode::Local,
        });
    }

    /// A table of this source that cannot be published.
    pub(super) fn problem(&self, meta: &TableMeta, error: String) -> Problem {
        let (source, table) = (self.source.clone(), meta.table_name.clone());
        tracing::error!(source, table, error, "table not published");
        Problem { source, table: Some(table), error }
    }
}

/// The tables of an extract that can be published.
fn offered(source: &str, extract: &Extract, problems: &mut Vec<Problem>) -> Vec<TableMeta> {
    let Extract { tables, objects, .. } = extract;
    tables
        .iter()
        .filter(|table| matches!(table.query_mode, QueryMode::Local | QueryMode::Remote))
        .filter(|table| {
            let name = &table.table_name;
            let error = if !ident::is_strict(name) || ident::is_reserved_table(name) {
                "unsafe identifier: use letters, digits and _ (64 at most), not beginning with a digit"
            } else if !objects.contains(&table.table_name.to_lowercase()) {
                "named in _meta, but there is no table or view of that name"
            } else {
                return true;
            };
            let table = Some(table.table_name.clone());
            problems.push(Problem { source: source.to_owned(), table, error: error.into() });
            false
        })
        .cloned()
        .collect()
}

/// Sub-directories in order of their names, without hidden ones, which hold what is still being written.
fn directories(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let paths = std::fs::read_dir(parent)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut directories: Vec<PathBuf> = paths.filter(|path| path.is_dir() && !is_hidden(path)).collect();
    directories.sort();
    Ok(directories)
}
