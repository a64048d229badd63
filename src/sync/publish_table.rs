//! One table from a source's directory to `analytics/published/`, where files never change once they are there. A table in
//! parts, the parquet files of one folder, is published file by file, so that unchanged ones are reused.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::atomic_file::Pending;
use crate::base::time::modified_ns;
use crate::base::{hash, ident};
use crate::connectors;
use crate::engine::Limits;
use crate::extract::parquet::{self, Checker};
use crate::extract::{
    self, Content, ExtractError, Part, PublishedFile, PublishedTable, TableMeta, data_file, foreign, part_files,
    parts_folder,
};

/// What every table of a rebuild is published with.
pub(super) struct PublishContext {
    /// The directory of published files.
    pub published: PathBuf,
    pub checker: Checker,
    pub limits: Limits,
}

/// Publishes the rows of `meta`, reusing what the source published `earlier` when its files are still the same.
pub(super) fn publish_table(
    source: &str,
    directory: &Path,
    meta: &TableMeta,
    context: &PublishContext,
    earlier: Option<&PublishedTable>,
) -> Result<PublishedTable, ExtractError> {
    let table = &meta.table_name;
    let file = data_file(directory, table);
    if let Some(files) = newer_parts(directory, table, &file)? {
        let (parts, origin) = publish_parts(directory, table, files, context, earlier)?;
        let rows = parts.iter().map(|part| part.rows).sum();
        return Ok(PublishedTable::new(source, meta, Content::Parts(parts), rows, origin));
    }
    refuse_link(&file)?;
    let origin = origin(directory, &file, table)?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.origin == origin) {
        let (description, extracted_at) = (meta.description.clone(), meta.extracted_at);
        return Ok(PublishedTable { description, extracted_at, ..earlier.clone() });
    }
    let (file, rows) = context.add(directory, table, file.is_file().then_some(&file))?;
    Ok(PublishedTable::new(source, meta, Content::File(file), rows, origin))
}

impl PublishContext {
    /// Adds a file of a source, or else the rows in its database, under the name of its content, and counts the rows.
    fn add(&self, directory: &Path, table: &str, file: Option<&PathBuf>) -> Result<(PublishedFile, i64), ExtractError> {
        let pending = Pending::beside(&self.published.join(format!("{table}.parquet")))?;
        match file {
            Some(file) => self.take(directory, file, pending.path())?,
            None => parquet::export(directory, table, pending.path(), &self.limits)?,
        }
        let rows = self.checker.rows(pending.path())?;
        Ok((PublishedFile::commit(pending, table)?, rows))
    }

    /// Links the file if its writer replaces it by rename, as Agnes's own connectors do. Other writers may change it in
    /// place, so theirs is copied and read through once.
    fn take(&self, directory: &Path, file: &Path, target: &Path) -> Result<(), ExtractError> {
        let is_ours = directory.join(connectors::LOCK).exists();
        if is_ours && fs::hard_link(file, target).is_ok() {
            return Ok(());
        }
        fs::copy(file, target)?;
        if !is_ours {
            let content = foreign::check(target, &self.limits)?;
            content.notes.iter().for_each(|note| tracing::warn!(file = %file.display(), "{note}"));
        }
        Ok(())
    }
}

/// Refuses a link, which could show any file of the server to everybody who may read the table.
fn refuse_link(path: &Path) -> io::Result<()> {
    match path.is_symlink() {
        true => Err(invalid("data file is a symbolic link; put the file itself there".into())),
        false => Ok(()),
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// Time of the last change (ns) and size.
fn stamp(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    Ok(format!("{}:{}", modified_ns(&metadata), metadata.len()))
}

/// Changes whenever the rows may have: time and size of the parquet file; for rows kept elsewhere, of the database
/// and of all files below the table's own folder.
fn origin(directory: &Path, file: &Path, table: &str) -> io::Result<String> {
    if file.is_file() {
        return stamp(file);
    }
    let files = walkdir::WalkDir::new(parts_folder(directory, table)).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file());
    let mut files: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).collect();
    files.sort();
    files.push(directory.join(extract::DATABASE));
    let stamps: Vec<String> = files.iter().map(|path| stamp(path)).collect::<Result<_, _>>()?;
    Ok(hash::sha256_hex(&stamps.join(" ")))
}

/// Name of a part → its file.
type PartFiles = BTreeMap<String, PathBuf>;

/// Returns the parts of a table, unless it has none, or its single `file` was written after all of them: a table may change
/// from one form to the other, and the newest counts. Foreign extracts are exported instead: their view may show less than
/// the files of such a folder, or more.
fn newer_parts(directory: &Path, table: &str, file: &Path) -> io::Result<Option<PartFiles>> {
    let folder = parts_folder(directory, table);
    refuse_link(&folder)?;
    if !folder.is_dir() || !directory.join(connectors::LOCK).exists() {
        return Ok(None);
    }
    let parts = part_files(&folder)?;
    for (part, path) in &parts {
        refuse_link(path)?;
        if !ident::is_relaxed(part) {
            return Err(invalid(format!("part {part}: a part's name has letters, digits and . _ - (128 at most)")));
        }
    }
    let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let newest = parts.values().map(|path| written(path)).collect::<io::Result<Vec<_>>>()?.into_iter().max();
    let is_newer = newest.is_some_and(|newest| written(file).is_ok_and(|single| single > newest));
    Ok((newest.is_some() && !is_newer).then_some(parts))
}

/// Publishes the parts, reusing those of `earlier` whose files have not changed. Returns them with their origin.
fn publish_parts(
    directory: &Path,
    table: &str,
    files: PartFiles,
    context: &PublishContext,
    earlier: Option<&PublishedTable>,
) -> Result<(Vec<Part>, String), ExtractError> {
    let known = earlier.map(known_parts).unwrap_or_default();
    let (mut parts, mut stamps) = (Vec::new(), Vec::new());
    let mut changed = known.keys().any(|name| !files.contains_key(*name));
    for (name, file) in files {
        let now = stamp(&file)?;
        stamps.push(format!("{name} {now}"));
        if let Some((_, part)) = known.get(name.as_str()).filter(|(then, _)| *then == now) {
            parts.push(Part::clone(part));
            continue;
        }
        changed = true;
        let (file, rows) = context.add(directory, table, Some(&file))?;
        parts.push(Part { name, file, rows });
    }
    if changed {
        // Columns are matched by name; types that do not fit together are reported now rather than to the next reader.
        parquet::columns(parts.iter().map(|part| part.file.path.as_path()))?;
    }
    Ok((parts, stamps.join("\n")))
}

/// Name → the stamp of the file that a part was made of, and the part.
fn known_parts(table: &PublishedTable) -> HashMap<&str, (&str, &Part)> {
    let Content::Parts(parts) = &table.content else { return HashMap::new() };
    let stamps: HashMap<&str, &str> = table.origin.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    parts.iter().filter_map(|part| Some((part.name.as_str(), (*stamps.get(part.name.as_str())?, part)))).collect()
}
