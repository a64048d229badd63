//! What a caller may download, as of one generation.

use super::assets::Assets;
use crate::access::ReadableTable;
use crate::base::time;
use crate::config::DataDir;
use crate::extract::{Content, Part};
use crate::protocol::sync::{Manifest, ManifestPart, ManifestTable};

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
