//! A table in parts: the parquet files of one folder, published one by one, so that unchanged ones are reused.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::publish_file::{PublishContext, install, refuse_link, stamp, take};
use crate::base::atomic_file::{self, PUBLIC, Pending};
use crate::base::ident;
use crate::connectors;
use crate::extract::{Content, ExtractError, Part, PublishedTable, TableMeta, parquet, parts_folder};

/// Name of a part → its file.
pub(super) type PartFiles = BTreeMap<String, PathBuf>;

/// Returns the parts of a table, unless it has none, or its single `file` was written after all of them: a table may change
/// from one form to the other, and the newest counts. Foreign extracts are exported instead: their view may show less than
/// the files of such a folder, or more.
pub(super) fn newer(directory: &Path, table: &str, file: &Path) -> io::Result<Option<PartFiles>> {
    let folder = parts_folder(directory, table);
    refuse_link(&folder)?;
    if !folder.is_dir() || !directory.join(connectors::LOCK).exists() {
        return Ok(None);
    }
    let mut parts = PartFiles::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(part) = name.strip_suffix(".parquet").filter(|_| !atomic_file::is_temporary(&name)) else { continue };
        refuse_link(&path)?;
        if !ident::is_relaxed(part) {
            let bad = format!("part {part}: a part's name has letters, digits and . _ - (128 at most)");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, bad));
        }
        parts.insert(part.to_owned(), path);
    }
    let written = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let newest = parts.values().map(|path| written(path)).collect::<io::Result<Vec<SystemTime>>>()?.into_iter().max();
    Ok(match (newest, written(file)) {
        (None, _) => None,
        (Some(newest), Ok(single)) if single > newest => None,
        (Some(_), _) => Some(parts),
    })
}

/// Publishes the parts, reusing those of `earlier` whose files have not changed.
pub(super) fn publish(
    source: &str,
    directory: &Path,
    meta: &TableMeta,
    files: PartFiles,
    context: &PublishContext,
    earlier: Option<&PublishedTable>,
) -> Result<PublishedTable, ExtractError> {
    let earlier = earlier.filter(|earlier| earlier.source == source);
    let known = earlier.map(known).unwrap_or_default();
    let (mut parts, mut stamps, mut changed) = (Vec::new(), Vec::new(), parts_gone(&known, &files));
    for (name, file) in files {
        let now = stamp(&fs::metadata(&file)?);
        stamps.push(format!("{name} {now}"));
        if let Some((_, part)) = known.get(name.as_str()).filter(|(then, _)| *then == now) {
            parts.push(Part::clone(part));
            continue;
        }
        changed = true;
        let pending = Pending::beside(&context.published.join(format!("{}.parquet", meta.table_name)), PUBLIC)?;
        take(directory, &file, &pending, &context.limits)?;
        let (file, rows) = install(pending, &meta.table_name, &context.checker)?;
        parts.push(Part { name, file, rows });
    }
    if changed {
        // Columns are matched by name; types that do not fit together are reported now rather than to the next reader.
        parquet::columns(parts.iter().map(|part| part.file.path.as_path()))?;
    }
    Ok(PublishedTable {
        name: meta.table_name.clone(),
        source: source.to_owned(),
        description: meta.description.clone(),
        rows: parts.iter().map(|part| part.rows).sum(),
        content: Content::Parts(parts),
        extracted_at: meta.extracted_at,
        origin: stamps.join("\n"),
    })
}

/// Name → the stamp of the file that a part was made of, and the part.
fn known(table: &PublishedTable) -> HashMap<&str, (&str, &Part)> {
    let Content::Parts(parts) = &table.content else { return HashMap::new() };
    let stamps: HashMap<&str, &str> = table.origin.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    parts.iter().filter_map(|part| Some((part.name.as_str(), (*stamps.get(part.name.as_str())?, part)))).collect()
}

fn parts_gone(known: &HashMap<&str, (&str, &Part)>, files: &PartFiles) -> bool {
    known.keys().any(|name| !files.contains_key(*name))
}
