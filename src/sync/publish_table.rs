//! One table from a source's directory to `analytics/published/`, where files never change once they are there.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::parts;
use crate::base::atomic_file::{PUBLIC, Pending};
use crate::base::hash;
use crate::connectors;
use crate::engine::Limits;
use crate::extract::{
    self, Content, ExtractError, PublishedFile, PublishedTable, TableMeta, data_file,
    parquet::{self, Checker},
};

/// What every table of a rebuild is made with.
pub(super) struct PublishContext {
    /// Where published files are.
    pub published: PathBuf,
    pub checker: Checker,
    pub limits: Limits,
}

/// Publishes the rows of `meta`, reusing `earlier` when the source's file is still the same.
pub(super) fn publish_table(
    source: &str,
    directory: &Path,
    meta: &TableMeta,
    press: &PublishContext,
    earlier: Option<&PublishedTable>,
) -> Result<PublishedTable, ExtractError> {
    let file = data_file(directory, &meta.table_name);
    if let Some(parts) = parts::newer(directory, &meta.table_name, &file)? {
        return parts::publish(source, directory, meta, parts, press, earlier);
    }
    refuse_link(&file)?;
    let origin = origin(directory, &file, &meta.table_name)?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.origin == origin && earlier.source == source) {
        return Ok(PublishedTable {
            description: meta.description.clone(),
            extracted_at: meta.extracted_at,
            ..earlier.clone()
        });
    }
    let pending = Pending::beside(&press.published.join(format!("{}.parquet", meta.table_name)), PUBLIC)?;
    if file.is_file() {
        take(directory, &file, &pending, &press.limits)?;
    } else {
        parquet::export(directory, &meta.table_name, pending.path(), &press.limits)?;
    }
    let (file, rows) = install(pending, &meta.table_name, &press.checker)?;
    Ok(PublishedTable {
        name: meta.table_name.clone(),
        source: source.to_owned(),
        description: meta.description.clone(),
        content: Content::File(file),
        rows,
        extracted_at: meta.extracted_at,
        origin,
    })
}

/// A link could show any file of the server to whoever may read the table.
pub(super) fn refuse_link(path: &Path) -> std::io::Result<()> {
    if path.is_symlink() {
        let refused = "data file is a symbolic link; put the file itself there";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, refused));
    }
    Ok(())
}

/// Gives a finished file the name of its content, and counts its rows.
pub(super) fn install(pending: Pending, table: &str, checker: &Checker) -> Result<(PublishedFile, i64), ExtractError> {
    let rows = checker.rows(pending.path())?;
    let hash = hash::md5_file(pending.path())?;
    let size_bytes = fs::metadata(pending.path())?.len();
    let path = pending.commit_as(&format!("{table}.{hash}.parquet"))?;
    Ok((PublishedFile { path, hash, size_bytes }, rows))
}

/// A second name for the file where its writer replaces it by rename, as our connectors do; other writers may change it
/// in place, so theirs is copied, and read once.
pub(super) fn take(directory: &Path, file: &Path, target: &Pending, limits: &Limits) -> Result<(), ExtractError> {
    let is_ours = directory.join(connectors::LOCK).exists();
    if is_ours && fs::hard_link(file, target.path()).is_ok() {
        return Ok(());
    }
    fs::copy(file, target.path())?;
    if is_ours { Ok(()) } else { parquet::read_through(target.path(), limits) }
}

/// Changes whenever the rows may have: time and size of the parquet file; for rows kept elsewhere, of the database
/// and of all files below the table's own folder.
fn origin(directory: &Path, file: &Path, table: &str) -> std::io::Result<String> {
    if file.is_file() {
        return Ok(stamp(&fs::metadata(file)?));
    }
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(extract::parts_folder(directory, table))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    files.push(directory.join(extract::DATABASE));
    let stamps: Vec<String> =
        files.iter().map(|path| fs::metadata(path).map(|metadata| stamp(&metadata))).collect::<Result<_, _>>()?;
    Ok(hash::sha256_hex(&stamps.join(" ")))
}

/// Time of the last change (ns) and size.
pub(super) fn stamp(metadata: &Metadata) -> String {
    let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    format!("{nanoseconds}:{}", metadata.len())
}
