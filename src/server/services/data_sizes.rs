//! How much the parts of the data directory take on the disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use crate::base::locked;
use crate::base::platform::files;
use crate::config::DataDir;

/// How long sizes count as current. Reading them takes a look at every file.
const CURRENT_FOR: Duration = Duration::from_secs(30);

/// What a part of the data directory takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    /// Of the files that no part before it has under another name.
    pub bytes: u64,
    pub files: usize,
}

/// The sizes as they were last read.
#[derive(Debug, Default)]
pub struct DataSizes(Mutex<Option<(Instant, Vec<Part>)>>);

impl DataSizes {
    /// Reads them again if they are not current. Blocks.
    pub fn read(&self, data_dir: &DataDir) -> Vec<Part> {
        if let Some((at, parts)) = &*locked(&self.0)
            && at.elapsed() < CURRENT_FOR
        {
            return parts.clone();
        }
        let parts = sizes(&[
            ("Published tables", data_dir.analytics()),
            ("Extracts of sources", data_dir.extracts()),
            ("Uploaded files", data_dir.root().join("uploads")),
            ("Copies of the state database", data_dir.snapshots()),
            ("State database and keys", data_dir.state()),
            ("Sessions of analysts", data_dir.user_sessions()),
            ("Files of analysts", data_dir.user_artifacts()),
            ("Access log", data_dir.logs()),
        ]);
        *locked(&self.0) = Some((Instant::now(), parts.clone()));
        parts
    }
}

fn sizes(parts: &[(&'static str, PathBuf)]) -> Vec<Part> {
    let mut seen = HashSet::new();
    let inner: Vec<&Path> = parts.iter().map(|(_, path)| path.as_path()).collect();
    parts.iter().map(|(name, path)| size(name, path, &inner, &mut seen)).collect()
}

/// Files that come and go while they are counted are left out.
fn size(name: &'static str, path: &Path, others: &[&Path], seen: &mut HashSet<(u64, u64)>) -> Part {
    let is_own = |entry: &walkdir::DirEntry| entry.depth() == 0 || !others.contains(&entry.path());
    let entries = WalkDir::new(path).into_iter().filter_entry(is_own).filter_map(Result::ok);
    let mut part = Part { name, bytes: 0, files: 0 };
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        let Ok(facts) = entry.metadata() else { continue };
        let Ok(identity) = files::identity(entry.path(), &facts) else { continue };
        if seen.insert(identity) {
            part.bytes += facts.len();
            part.files += 1;
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once_and_parts_do_not_overlap() {
        let root = tempfile::tempdir().unwrap();
        let (state, copies, other) =
            (root.path().join("state"), root.path().join("state/copies"), root.path().join("x"));
        for folder in [&copies, &other] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(state.join("a"), "12345").unwrap();
        std::fs::write(copies.join("b"), "123").unwrap();
        std::fs::hard_link(state.join("a"), other.join("c")).unwrap();
        let parts = sizes(&[("copies", copies), ("state", state), ("x", other), ("none", root.path().join("none"))]);
        let found: Vec<_> = parts.iter().map(|part| (part.bytes, part.files)).collect();
        assert_eq!(found, [(3, 1), (5, 1), (0, 0), (0, 0)]);
    }
}
