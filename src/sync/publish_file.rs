//! One file from a source's directory to `analytics/published/`, where files never change once they are there.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::base::atomic_file::Pending;
use crate::base::hash;
use crate::connectors;
use crate::engine::Limits;
use crate::extract::parquet::{self, Checker};
use crate::extract::{ExtractError, PublishedFile};

/// What every table of a rebuild is published with.
pub(super) struct PublishContext {
    /// The directory of published files.
    pub published: PathBuf,
    pub checker: Checker,
    pub limits: Limits,
}

/// Refuses a link, which could show any file of the server to everybody who may read the table.
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

/// Links the file if its writer replaces it by rename, as Agnes's own connectors do. Other writers may change it in place,
/// so theirs is copied and read through once.
pub(super) fn take(directory: &Path, file: &Path, target: &Pending, limits: &Limits) -> Result<(), ExtractError> {
    let is_ours = directory.join(connectors::LOCK).exists();
    if is_ours && fs::hard_link(file, target.path()).is_ok() {
        return Ok(());
    }
    fs::copy(file, target.path())?;
    if is_ours { Ok(()) } else { parquet::read_through(target.path(), limits) }
}

/// Time of the last change (ns) and size.
pub(super) fn stamp(metadata: &Metadata) -> String {
    let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    format!("{nanoseconds}:{}", metadata.len())
}
