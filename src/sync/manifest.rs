//! What a caller may download, as of one generation.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::access::ReadableTable;
use crate::base::{hash, locked, time};
use crate::config::DataDir;
use crate::extract::{Content, Part};
use crate::protocol::sync::{Asset, Manifest, ManifestPart, ManifestTable};

/// Returns the manifest of these tables. Reads files of `DATA_DIR/docs`, so it blocks.
pub fn manifest(tables: &[ReadableTable], assets: &Assets, data_dir: &DataDir) -> Manifest {
    Manifest {
        tables: tables.iter().map(|table| (table.table().name.clone(), entry(table))).collect(),
        assets: assets.list(data_dir),
        server_time: time::iso_offset(time::now()),
    }
}

fn entry(readable: &ReadableTable) -> ManifestTable {
    let table = readable.table();
    let (hash, parts) = match &table.content {
        Content::File(file) => (file.hash.clone(), None),
        Content::Parts(parts) => (String::new(), Some(parts.iter().map(part).collect())),
        Content::Remote(_) => (String::new(), None),
    };
    ManifestTable {
        hash: Some(hash),
        parts,
        download_path: None,
        updated: table.extracted_at.map(time::iso_naive),
        size_bytes: Some(table.size_bytes()),
        rows: Some(table.rows),
        query_mode: readable.query_mode().clone(),
        source_type: readable.source_type().clone(),
    }
}

fn part(Part { name, file, rows }: &Part) -> ManifestPart {
    ManifestPart { name: name.clone(), hash: file.hash.clone(), size_bytes: file.size_bytes, rows: *rows }
}

/// Files beside the tables. A file is hashed again only when its time or size has changed.
#[derive(Debug, Default)]
pub struct Assets(Mutex<Option<(Stamp, String)>>);

type Stamp = (Option<SystemTime>, u64);

impl Assets {
    /// `docs`, if there is such a directory: its hash is the time of its newest file in seconds. `profiles`, if the
    /// batch profiler of v0.35 left any: the MD5 of its file. Reads files, so it blocks.
    fn list(&self, data_dir: &DataDir) -> BTreeMap<String, Asset> {
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
        let mut known = locked(&self.0);
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
