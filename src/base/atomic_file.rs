//! The only writer of files under `DATA_DIR` and in a workspace. It is atomic: a file has its new content, or is unchanged.
//!
//! Unique temporary name in the same directory, fsync, mode, rename, fsync of the directory. Only the owner may read the
//! result: almost everything here is company data or a secret.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::platform::files;

/// Part of every temporary name, so that [`sweep`] knows what it may delete.
const MARK: &str = ".agnes-tmp-";

/// A temporary path beside `target`, removed on drop unless [`Pending::commit`] was called.
///
/// For writers that take a path, such as DuckDB's `COPY`: they write to [`Pending::path`].
#[derive(Debug)]
pub struct Pending {
    target: PathBuf,
    temporary: PathBuf,
    done: bool,
}

impl Pending {
    /// Prepares a file for `target`, and creates its directory if it is missing.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let directory = parent(target);
        fs::create_dir_all(directory)?;
        let name = target.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{} has no file name", target.display()))
        })?;
        let temporary = directory.join(format!(".{}{MARK}{}", name.to_string_lossy(), uuid::Uuid::new_v4().simple()));
        Ok(Self { target: target.to_owned(), temporary, done: false })
    }

    /// A second name of `target`, by which [`Pending::restore`] can bring its content back.
    pub fn copy_of(target: &Path) -> io::Result<Self> {
        let kept = Self::beside(target)?;
        if fs::hard_link(target, &kept.temporary).is_err() {
            fs::copy(target, &kept.temporary)?;
        }
        Ok(kept)
    }

    /// The path that the file is for.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The path to write to.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// The directory of the temporary file and the target.
    pub fn folder(&self) -> &Path {
        parent(&self.target)
    }

    /// Opens the temporary file for writing, already with its final mode, so that it is never readable by others.
    pub fn create(&self) -> io::Result<File> {
        files::owner_only(OpenOptions::new().write(true).create_new(true)).open(&self.temporary)
    }

    /// As [`Pending::commit`], under another name in the same directory, for names that depend on the content.
    pub fn commit_as(mut self, name: &str) -> io::Result<PathBuf> {
        self.target.set_file_name(name);
        let target = self.target.clone();
        self.commit()?;
        Ok(target)
    }

    /// Gives the target the content that it had when [`Pending::copy_of`] was called.
    pub fn restore(self) -> io::Result<()> {
        // Dropping removes the second name, which a rename leaves if both are names of one file.
        files::rename(&self.temporary, &self.target)?;
        sync_directory(parent(&self.target))
    }

    /// Makes the file durable and renames it to the target.
    pub fn commit(self) -> io::Result<()> {
        self.commit_with(false)
    }

    /// As [`Pending::commit`], for a program that everybody may run.
    pub fn commit_program(self) -> io::Result<()> {
        self.commit_with(true)
    }

    fn commit_with(mut self, is_program: bool) -> io::Result<()> {
        files::settle(&self.temporary, is_program)?;
        let replace = if is_program { files::replace_program } else { files::rename };
        replace(&self.temporary, &self.target)?;
        self.done = true;
        sync_directory(parent(&self.target))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            // A failure can be ignored: the next start sweeps what is left.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes `bytes` to a temporary file for `target`.
pub fn stage(target: &Path, bytes: &[u8]) -> io::Result<Pending> {
    let pending = Pending::beside(target)?;
    pending.create()?.write_all(bytes)?;
    Ok(pending)
}

/// Writes `bytes` to `target`.
pub fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    stage(target, bytes)?.commit()
}

/// Makes a finished file durable and renames it to `target`. The new name is not durable until [`sync_directory`].
///
/// For writers that keep an unfinished file between runs, such as a download that can be resumed.
pub fn promote(finished: &Path, target: &Path) -> io::Result<()> {
    files::settle(finished, false)?;
    files::rename(finished, target)
}

/// Gives `source` a second name, which replaces what had that name; where the file system has no second names, a copy.
/// Not durable until [`sync_directory`].
pub fn link(source: &Path, target: &Path) -> io::Result<()> {
    let mut pending = Pending::beside(target)?;
    if fs::hard_link(source, &pending.temporary).is_err() {
        fs::copy(source, &pending.temporary)?;
    }
    files::rename(&pending.temporary, target)?;
    // A rename between two names of one file leaves both.
    pending.done = !pending.temporary.exists();
    Ok(())
}

/// Removes `target` durably; a missing file is fine.
pub fn remove(target: &Path) -> io::Result<()> {
    match fs::remove_file(target) {
        Ok(()) => sync_directory(parent(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a directory with everything in it; a missing one is fine.
pub fn remove_directory(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Deletes temporary files that a killed process left anywhere below `root`. Returns how many.
///
/// Only safe while no other writer is active there, i.e. under the lock of the data directory or workspace.
pub fn sweep(root: &Path) -> usize {
    walkdir::WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && is_temporary(&entry.file_name().to_string_lossy()))
        .filter(|entry| fs::remove_file(entry.path()).is_ok())
        .count()
}

/// Returns whether this is the name of a temporary file, or of a side file that DuckDB puts beside one.
pub fn is_temporary(name: &str) -> bool {
    name.contains(MARK)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes names in a directory durable.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    files::sync_directory(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replaces_whole_and_sweeps_what_was_never_committed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("deep/secret");
        write(&target, b"one").unwrap();
        write(&target, b"two").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);

        let pending = Pending::beside(&target).unwrap();
        pending.create().unwrap().write_all(b"half").unwrap();
        std::mem::forget(pending);
        assert_eq!(sweep(dir.path()), 1);
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn dropping_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("file");
        write(&target, b"old").unwrap();
        let pending = Pending::beside(&target).unwrap();
        pending.create().unwrap().write_all(b"new").unwrap();
        drop(pending);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
