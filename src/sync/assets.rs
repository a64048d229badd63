//! What the manifest says beyond tables.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use crate::config::DataDir;
use crate::protocol::sync::Asset;

/// `docs`, if there is such a directory: its hash is the time of its newest file in seconds. Walks files, so it blocks.
pub(super) fn assets(data_dir: &DataDir) -> BTreeMap<String, Asset> {
    let docs = data_dir.docs();
    if !docs.is_dir() {
        return BTreeMap::new();
    }
    let newest = walkdir::WalkDir::new(docs)
        .into_iter()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(|metadata| metadata.is_file())
        .filter_map(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok())
        .max()
        .unwrap_or_default();
    BTreeMap::from([("docs".to_owned(), Asset { hash: newest.as_secs().to_string() })])
}
