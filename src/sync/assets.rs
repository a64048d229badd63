//! What the manifest lists besides tables.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::hash;
use crate::config::DataDir;
use crate::protocol::sync::Asset;

/// Files beside the tables. A file is hashed again only when its time or size has changed.
#[derive(Debug, Default)]
pub struct Assets(Mutex<Option<(Stamp, String)>>);

type Stamp = (Option<SystemTime>, u64);

impl Assets {
    /// `docs`, if there is such a directory: its hash is the time of its newest file in seconds. `profiles`, if the
    /// batch profiler of v0.35 left any: the MD5 of its file. Reads files, so it blocks.
    pub(super) fn list(&self, data_dir: &DataDir) -> BTreeMap<String, Asset> {
        let mut assets = BTreeMap::new();
        if let Some(hash) = self.hash(&data_dir.legacy_profiles()) {
            assets.insert("profiles".to_owned(), Asset { hash });
        }
        let docs = data_dir.docs();
        if docs.is_dir() {
            assets.insert("docs".to_owned(), Asset { hash: newest(&docs).to_string() });
        }
        assets
    }

    fn hash(&self, path: &Path) -> Option<String> {
        let now: Stamp = std::fs::metadata(path).ok().map(|file| (file.modified().ok(), file.len()))?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, hash)) = known.as_ref().filter(|(then, _)| *then == now) {
            return Some(hash.clone());
        }
        let hash = hash::md5_file(path).ok()?;
        *known = Some((now, hash.clone()));
        Some(hash)
    }
}

/// Seconds since 1970.
fn newest(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(|entry| entry.ok()?.metadata().ok());
    let times =
        files.filter(Metadata::is_file).filter_map(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    times.max().unwrap_or_default().as_secs()
}
