//! Free disk space.

use std::io;
use std::path::Path;

use super::platform::files;

const MB: u64 = 1024 * 1024;
/// Less free space than this is worth a warning.
const MIN_FREE_PERCENT: u64 = 5;

/// A file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What this process may still write.
    pub free: u64,
    pub total: u64,
}

impl Space {
    /// Returns whether little is left.
    pub fn is_low(&self) -> bool {
        self.free < self.total / 100 * MIN_FREE_PERCENT
    }
}

/// The file system that holds `path`.
pub fn space(path: &Path) -> io::Result<Space> {
    let (free, total) = files::space(path)?;
    Ok(Space { free, total })
}

/// Space that stays free on a file system, in bytes. `None`: 5 % of the file system, at most 512 MB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reserve(pub Option<u64>);

#[derive(Debug, thiserror::Error)]
#[error(
    "not enough disk space: this needs about {needed} MB, and of the {free} MB that are free {reserve} MB stay reserved; \
     free some space, or lower AGNES_EXTRACT_RESERVE_MB"
)]
pub struct NoRoom {
    needed: u64,
    free: u64,
    reserve: u64,
}

impl Reserve {
    /// Checks that `needed` more bytes fit. A file system that does not report its size counts as empty.
    pub fn ensure(self, path: &Path, needed: u64) -> Result<(), NoRoom> {
        let Ok(space) = space(path) else { return Ok(()) };
        self.check(space, needed)
    }

    fn check(self, Space { free, total }: Space, needed: u64) -> Result<(), NoRoom> {
        let reserve = self.0.unwrap_or((total / 20).min(512 * MB));
        if needed.saturating_add(reserve) <= free {
            return Ok(());
        }
        Err(NoRoom { needed: needed.div_ceil(MB), free: free / MB, reserve: reserve / MB })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_fit_is_refused() {
        let disk = Space { free: 100 * MB, total: 1000 * MB };
        assert!(Reserve(None).check(disk, 50 * MB).is_ok());
        assert!(Reserve(None).check(disk, 51 * MB).is_err());
        assert!(Reserve(Some(0)).check(disk, 100 * MB).is_ok());
        let error = Reserve(Some(90 * MB)).check(disk, 20 * MB).unwrap_err().to_string();
        assert!(error.starts_with("not enough disk space: this needs about 20 MB, and of the 100 MB"), "{error}");
        assert!(Reserve(None).check(Space { free: 20_000 * MB, total: 1_000_000 * MB }, 19_000 * MB).is_ok());
        assert!(space(Path::new("/")).unwrap().free > 0);
    }
}
