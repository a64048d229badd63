use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::atomic_file::{self, Pending};
use crate::base::{hash, if_exists};
use crate::domain::Result;

/// A file that has been put in its place, and what was there.
pub struct Exchange {
    target: PathBuf,
    placed: Placed,
    /// The file that was there.
    before: Option<Pending>,
}

#[derive(Clone, Copy)]
pub struct Placed {
    pub size: u64,
    pub is_replacement: bool,
    /// Whether the same file was there, so that nothing has changed.
    pub is_same: bool,
}

impl Exchange {
    /// Puts `file` in its place, unless `check` refuses its target and size.
    pub fn begin(file: Pending, check: impl FnOnce(&Path, u64) -> Result<()>) -> Result<Self> {
        let target = file.target().to_owned();
        let size = fs::metadata(file.path())?.len();
        let there = if_exists(fs::symlink_metadata(&target))?.filter(fs::Metadata::is_file);
        let is_same = match &there {
            Some(there) if there.len() == size => hash::md5_file(file.path())? == hash::md5_file(&target)?,
            _ => false,
        };
        let placed = Placed { size, is_replacement: there.is_some(), is_same };
        if is_same {
            return Ok(Self { target, placed, before: None });
        }
        check(&target, size)?;
        let before = there.map(|_| Pending::copy_of(&target)).transpose()?;
        file.commit()?;
        Ok(Self { target, placed, before })
    }

    pub fn placed(&self) -> Placed {
        self.placed
    }

    pub fn undo(self) -> io::Result<()> {
        match self.before {
            Some(before) => before.restore(),
            None => atomic_file::remove(&self.target),
        }
    }
}
