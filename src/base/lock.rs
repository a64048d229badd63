//! Advisory locks, which the kernel releases when their holder dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use same_file::Handle;

use super::if_exists;

/// A lock on a file, held until dropped. The file remains, with the process id of who last held it alone.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process (its id, where known) holds the lock.
    #[error("held by process {}", .0.as_deref().unwrap_or("unknown"))]
    Held(Option<String>),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FileLock {
    /// Takes the lock, or returns who holds it, without waiting.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            // The last holder has deleted the file in between, so others lock another one.
            Ok(()) if !is_at(&file, path)? => Self::acquire(path),
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let known = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                Err(LockError::Held(known.then(|| holder.trim().to_owned())))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Waits up to `timeout` for the lock.
    pub fn acquire_within(path: &Path, timeout: Duration) -> Result<Self, LockError> {
        within(timeout, || Self::acquire(path))
    }

    /// Waits up to `timeout` for a lock that any number may share, while nobody holds it alone.
    pub fn share_within(path: &Path, timeout: Duration) -> Result<Self, LockError> {
        within(timeout, || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            match file.try_lock_shared() {
                Ok(()) => Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => Err(LockError::Held(None)),
                Err(TryLockError::Error(error)) => Err(error.into()),
            }
        })
    }
}

/// Whether the open file still has this path.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = Handle::from_file(file.try_clone()?)?;
    Ok(if_exists(Handle::from_path(path))?.is_some_and(|current| current == ours))
}

fn within(timeout: Duration, acquire: impl Fn() -> Result<FileLock, LockError>) -> Result<FileLock, LockError> {
    let deadline = Instant::now() + timeout;
    loop {
        match acquire() {
            Err(LockError::Held(_)) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/.lock");
        let first = FileLock::acquire(&path).unwrap();
        let Err(LockError::Held(Some(holder))) = FileLock::acquire(&path) else { panic!("taken twice") };
        assert_eq!(holder, std::process::id().to_string());
        drop(first);
        // A child process that another test is starting may hold a copy for a moment.
        FileLock::acquire_within(&path, Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn a_shared_lock_keeps_out_who_wants_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".readers");
        let share = || FileLock::share_within(&path, Duration::from_secs(10)).unwrap();
        let (first, second) = (share(), share());
        drop(first);
        assert!(matches!(FileLock::acquire(&path), Err(LockError::Held(_))));
        drop(second);
        let alone = FileLock::acquire_within(&path, Duration::from_secs(10)).unwrap();
        assert!(FileLock::share_within(&path, Duration::ZERO).is_err());
        drop(alone);
        share();
    }
}
