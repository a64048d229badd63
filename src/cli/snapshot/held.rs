//! One version of a snapshot, for as long as somebody reads it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use same_file::Handle;

use super::stored;
use crate::base::atomic_file::Pending;
use crate::cli::workspace::Workspace;
use crate::extract::parquet;

/// How often a snapshot may be replaced while it gets its second name.
const ATTEMPTS: u32 = 10;

/// The file of a snapshot as it was when this was made. It has a second name, so that whoever replaces or drops the
/// snapshot takes only the first one: the engine opens a file by its name several times during a query.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    /// The second name, which goes when this is dropped, and the lock that keeps it from being taken for a leftover.
    _name: Option<(Pending, File)>,
}

impl Held {
    /// Where there cannot be a second name, as in a folder that may only be read, it is the file itself.
    pub fn of(workspace: &Workspace, name: &str) -> Self {
        let file = stored::file(workspace, name);
        let named = (0..ATTEMPTS).find_map(|_| second_name(&file).transpose());
        match named {
            Some(Ok((name, lock))) => Self { path: name.path().to_owned(), _name: Some((name, lock)) },
            _ => Self { path: file, _name: None },
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SQL that reads all its rows.
    pub fn relation(&self) -> String {
        parquet::read_files([self.path()].into_iter())
    }
}

/// `None` if the file was replaced in between.
fn second_name(file: &Path) -> io::Result<Option<(Pending, File)>> {
    let lock = File::open(file)?;
    // Where nothing can be locked, nobody takes it for a leftover either.
    let _ = lock.lock_shared();
    let name = Pending::beside(file)?;
    fs::hard_link(file, name.path())?;
    let is_same = Handle::from_path(name.path())? == Handle::from_file(lock.try_clone()?)?;
    Ok(is_same.then_some((name, lock)))
}
