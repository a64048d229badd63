//! What the manifest says beyond tables.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use crate::base::hash;
use crate::config::DataDir;
use crate::protocol::sync::Asset;

/// `docs`, if there is such a directory: its hash is the time of its newest file in seconds. `profiles`, if the batch
/// profiler of v0.35 left any: MD5 of its file. Walks files, so it blocks.
pub(super) fn assets(data_dir: &DataDir) -> BTreeMap<String, Asset> {
    let mut assets = BTreeMap::new();
    let (docs, profiles) = (data_dir.docs(), data_dir.legacy_profiles());
    if let Ok(hash) = hash::md5_file(&profiles) {
        assets.insert("profiles".to_owned(), Asset { hash });
    }
    if !docs.is_dir() {
        return assets;
    }
    let newest = walkdir::WalkDir::new(docs)
        .into_iter()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(|metadata| metadata.is_file())
        .filter_map(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok())
        .max()
        .unwrap_or_default();
    assets.insert("docs".to_owned(), Asset { hash: newest.as_secs().to_string() });
    assets
}
