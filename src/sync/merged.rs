//! Tables in parts as one file, for callers that request the whole: made at the first request, and retained while that
//! version is published.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::base::atomic_file::{self, Pending};
use crate::engine::Limits;
use crate::extract::{Content, ExtractError, Publication, PublishedFile, PublishedTable, parquet};

/// Makes whole files.
pub struct Merged {
    folder: PathBuf,
    limits: Limits,
    /// Merging takes memory, so one table is merged at a time; a later request for the same one finds its file.
    merging: Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error("cannot put the parts together: {0}")]
    Extract(#[from] ExtractError),
    #[error("putting the parts together ended unexpectedly")]
    Lost,
}

impl Merged {
    pub fn new(folder: PathBuf, limits: Limits) -> Self {
        Self { folder, limits, merging: Mutex::default() }
    }

    /// All rows of a table as one file; `None` for a table whose rows are not here.
    pub async fn file(&self, table: &PublishedTable) -> Result<Option<PublishedFile>, MergeError> {
        let parts = match &table.content {
            Content::File(file) => return Ok(Some(file.clone())),
            Content::Remote(_) => return Ok(None),
            Content::Parts(parts) => parts,
        };
        let stem = format!("{}.{}", table.name, table.version());
        // Nobody waits for other tables to get one that is there.
        let (folder, name) = (self.folder.clone(), stem.clone());
        let found = tokio::task::spawn_blocking(move || find(&folder, &name)).await;
        if let Some(file) = found.map_err(|_| MergeError::Lost)? {
            return Ok(Some(file));
        }
        let _turn = self.merging.lock().await;
        let files: Vec<PathBuf> = parts.iter().map(|part| part.file.path.clone()).collect();
        let (folder, limits) = (self.folder.clone(), self.limits.clone());
        let made = tokio::task::spawn_blocking(move || match find(&folder, &stem) {
            Some(file) => Ok(file),
            None => make(&folder, &stem, &files, &limits),
        });
        Ok(Some(made.await.map_err(|_| MergeError::Lost)??))
    }
}

/// Deletes whole files of versions that none of these generations has.
pub(super) fn delete_unused(folder: &Path, generations: &[Arc<Publication>]) {
    let is_used = |name: &str| {
        let mut tables = generations.iter().flat_map(|generation| generation.tables());
        tables.any(|table| name.starts_with(&format!("{}.{}.", table.name, table.version())))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // One that is being made now has a temporary name.
        if !atomic_file::is_temporary(&name) && !is_used(&name) && atomic_file::remove(&entry.path()).is_err() {
            tracing::warn!(name, "cannot delete an unused file");
        }
    }
}

/// `<table>.<version>.<md5>.parquet`: the hash is in the name, so that it is computed once.
fn find(folder: &Path, stem: &str) -> Option<PublishedFile> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let hash = name.strip_prefix(stem)?.strip_prefix('.')?.strip_suffix(".parquet")?.to_owned();
        Some(PublishedFile { path: entry.path(), hash, size_bytes: entry.metadata().ok()?.len() })
    })
}

fn make(folder: &Path, stem: &str, parts: &[PathBuf], limits: &Limits) -> Result<PublishedFile, ExtractError> {
    let pending = Pending::beside(&folder.join(stem))?;
    parquet::merge(parts.iter().map(PathBuf::as_path), pending.path(), limits)?;
    Ok(PublishedFile::commit(pending, stem)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_there_waits_for_no_other_table() {
        let folder = tempfile::tempdir().unwrap();
        let merged = Merged::new(folder.path().to_owned(), Limits::small());
        let table = PublishedTable {
            name: "sales".into(),
            source: "shop".into(),
            description: None,
            content: Content::Parts(Vec::new()),
            rows: 0,
            extracted_at: None,
            columns: [].into(),
            origin: String::new(),
        };
        fs::write(folder.path().join(format!("sales.{}.abc.parquet", table.version())), "rows").unwrap();
        let _other = merged.merging.lock().await;
        let file = tokio::time::timeout(Duration::from_secs(10), merged.file(&table)).await;
        let file = file.expect("it waits").unwrap().unwrap();
        assert_eq!((file.hash.as_str(), file.size_bytes), ("abc", 4));
    }
}
