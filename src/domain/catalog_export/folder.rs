//! The files of one kind. Those of others among them stay as they are.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::documents::MARKER;
use crate::base::{atomic_file, if_exists};

/// Longest part of a path, in characters of up to four bytes.
const MAX_PART: usize = 60;

pub struct Folder {
    root: PathBuf,
    /// Lower-cased paths, for file systems that do not know case.
    taken: HashSet<String>,
    current: HashSet<PathBuf>,
}

impl Folder {
    pub fn new(root: PathBuf) -> Self {
        Self { root, taken: HashSet::new(), current: HashSet::new() }
    }

    /// A path below the folder for these names, such as `sales/orders.yml`. A number is added if another name of this
    /// export has the path, or a file that is not from an export.
    pub fn path(&mut self, names: &[&str]) -> io::Result<String> {
        let path = names.iter().map(|name| part(name)).collect::<Vec<_>>().join("/");
        let mut file = format!("{path}.yml");
        let mut number = 1_u64;
        while self.taken.contains(&file.to_lowercase()) || is_foreign(&self.root.join(&file))? {
            number += 1;
            file = format!("{path}-{number}.yml");
        }
        self.taken.insert(file.to_lowercase());
        Ok(file)
    }

    pub fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        let file = self.root.join(path);
        atomic_file::write(&file, text.as_bytes())?;
        self.current.insert(file);
        Ok(())
    }

    /// Lets the file of a previous export stay, if there is one.
    pub fn keep(&mut self, path: &str) {
        self.current.insert(self.root.join(path));
    }

    /// Removes the files of previous exports that were neither written nor kept, and directories that are empty then.
    /// Returns how many files.
    pub fn clean(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in walkdir::WalkDir::new(&self.root).min_depth(1).contents_first(true) {
            let entry = match entry {
                Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => continue,
                entry => entry?,
            };
            if !entry.file_type().is_file() || self.current.contains(entry.path()) || is_foreign(entry.path())? {
                continue;
            }
            atomic_file::remove(entry.path())?;
            removed += 1;
            if let Some(parent) = entry.path().parent().filter(|parent| *parent != self.root) {
                // Fails unless it is empty.
                let _ = fs::remove_dir(parent);
            }
        }
        Ok(removed)
    }
}

/// Whether something is there that no export has made.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let Some(found) = if_exists(fs::symlink_metadata(path))? else { return Ok(false) };
    if !found.is_file() {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(path)?.take(MARKER.len() as u64).read_to_end(&mut start)?;
    Ok(start != MARKER.as_bytes())
}

/// A name as one part of a path.
fn part(name: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || ['_', '-', ' '].contains(&c);
    let part: String = name.trim().chars().map(|c| if is_safe(c) { c } else { '_' }).take(MAX_PART).collect();
    if part.is_empty() { "_".into() } else { part }
}
