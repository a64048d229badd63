use std::io;
use std::path::PathBuf;

use crate::base::atomic_file::{self, Pending};

/// Files that have been put in their places, and what was there.
pub struct Replaced(Vec<(PathBuf, Option<Pending>)>);

impl Replaced {
    /// Puts all files in their places, or none.
    pub fn commit(files: Vec<Pending>) -> io::Result<Self> {
        let mut replaced = Self(Vec::new());
        for file in files {
            if let Err(error) = replaced.add(file) {
                replaced.undo()?;
                return Err(error);
            }
        }
        Ok(replaced)
    }

    fn add(&mut self, file: Pending) -> io::Result<()> {
        let target = file.target().to_owned();
        let before = if target.exists() { Some(Pending::copy_of(&target)?) } else { None };
        file.commit()?;
        self.0.push((target, before));
        Ok(())
    }

    /// Brings back what was there.
    pub fn undo(self) -> io::Result<()> {
        self.0.into_iter().rev().try_for_each(|(target, before)| match before {
            Some(before) => before.restore(),
            None => atomic_file::remove(&target),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| dir.path().join(name));
        fs::write(&old, "1").unwrap();
        let stage = || [&old, &new].map(|path| atomic_file::stage(path, b"2").unwrap()).into();
        Replaced::commit(stage()).unwrap().undo().unwrap();
        assert_eq!((fs::read_to_string(&old).unwrap().as_str(), new.exists()), ("1", false));
        // The second one cannot be put in its place.
        fs::create_dir_all(new.join("x")).unwrap();
        assert!(Replaced::commit(stage()).is_err());
        assert_eq!(fs::read_to_string(&old).unwrap(), "1");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
