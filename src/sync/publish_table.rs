//! One table from a source's directory to `analytics/published/`, where files never change once they are there.

use std::fs;
use std::path::{Path, PathBuf};

use super::parts;
use super::publish_file::{PublishContext, install, refuse_link, stamp, take};
use crate::base::atomic_file::{PUBLIC, Pending};
use crate::base::hash;
use crate::extract::{self, Content, ExtractError, PublishedTable, TableMeta, data_file, parquet};

/// Publishes the rows of `meta`, reusing `earlier` when the source's file is still the same.
pub(super) fn publish_table(
    source: &str,
    directory: &Path,
    meta: &TableMeta,
    context: &PublishContext,
    earlier: Option<&PublishedTable>,
) -> Result<PublishedTable, ExtractError> {
    let file = data_file(directory, &meta.table_name);
    if let Some(parts) = parts::newer(directory, &meta.table_name, &file)? {
        return parts::publish(source, directory, meta, parts, context, earlier);
    }
    refuse_link(&file)?;
    let origin = origin(directory, &file, &meta.table_name)?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.origin == origin && earlier.source == source) {
        return Ok(PublishedTable {
            description: meta.description.clone(),
            extracted_at: meta.extracted_at,
            ..earlier.clone()
        });
    }
    let pending = Pending::beside(&context.published.join(format!("{}.parquet", meta.table_name)), PUBLIC)?;
    if file.is_file() {
        take(directory, &file, &pending, &context.limits)?;
    } else {
        parquet::export(directory, &meta.table_name, pending.path(), &context.limits)?;
    }
    let (file, rows) = install(pending, &meta.table_name, &context.checker)?;
    Ok(PublishedTable {
        name: meta.table_name.clone(),
        source: source.to_owned(),
        description: meta.description.clone(),
        content: Content::File(file),
        rows,
        extracted_at: meta.extracted_at,
        origin,
    })
}

/// Changes whenever the rows may have: time and size of the parquet file; for rows kept elsewhere, of the database
/// and of all files below the table's own folder.
fn origin(directory: &Path, file: &Path, table: &str) -> std::io::Result<String> {
    if file.is_file() {
        return Ok(stamp(&fs::metadata(file)?));
    }
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(extract::parts_folder(directory, table))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    files.push(directory.join(extract::DATABASE));
    let stamps: Vec<String> =
        files.iter().map(|path| fs::metadata(path).map(|metadata| stamp(&metadata))).collect::<Result<_, _>>()?;
    Ok(hash::sha256_hex(&stamps.join(" ")))
}
