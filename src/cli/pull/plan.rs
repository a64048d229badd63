//! What a pull has to do: the manifest compared with the workspace.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::pending::{PendingFile, Version, tag_file};
use crate::base::{hash, ident, if_exists};
use crate::cli::installed::{self, Entry, State, StoredFile, is_md5};
use crate::cli::workspace::Workspace;
use crate::protocol::sync::{Manifest, ManifestPart, ManifestTable};
use crate::protocol::vocabulary::QueryMode;

#[derive(Debug, Default)]
pub struct Plan {
    /// Tables of the manifest that are files.
    pub offered: BTreeSet<String>,
    /// Those that are pulled.
    pub tables: BTreeMap<String, Wanted>,
    /// Largest first.
    pub downloads: Vec<PendingFile>,
    /// Tables of the workspace that are no longer in the manifest.
    pub removals: Vec<String>,
    /// Tables that cannot be downloaded, and why.
    pub refused: Vec<(String, String)>,
}

/// A table as the server offers it.
#[derive(Debug)]
pub struct Wanted {
    hash: String,
    rows: Option<i64>,
    files: Vec<WantedFile>,
}

#[derive(Debug)]
pub enum WantedFile {
    There(StoredFile),
    /// In `server/parquet` only, because its other name was deleted.
    Loose(StoredFile),
    Missing(Box<PendingFile>),
}

impl Plan {
    /// Compares. Files are hashed where their size or time says that they may have changed, or all with `verify`.
    pub fn make(workspace: &Workspace, known: &State, manifest: &Manifest, options: &Options) -> io::Result<Self> {
        let loose = installed::loose(workspace)?;
        let mut plan = Self::default();
        let mut offers: Vec<_> =
            manifest.tables.iter().filter(|(_, offer)| offer.query_mode != QueryMode::Remote).collect();
        // Of names that differ only in case, the one that the workspace has comes first.
        offers.sort_by_key(|(table, _)| !known.tables.contains_key(*table));
        let mut names = HashSet::new();
        for (table, offer) in offers {
            plan.offered.insert(table.clone());
            let problem = problem(table, offer).or_else(|| {
                let is_new = names.insert(table.to_lowercase());
                (!is_new).then(|| "another table has the same name except for case".to_owned())
            });
            let is_chosen = options.only.is_empty() || options.only.contains(table);
            match problem {
                _ if !is_chosen => {}
                Some(problem) => plan.refused.push((table.clone(), problem)),
                None => {
                    let wanted = compare(workspace, known.tables.get(table), &loose, table, offer, options.verify)?;
                    plan.downloads.extend(wanted.missing().cloned());
                    plan.tables.insert(table.clone(), wanted);
                }
            }
        }
        plan.refused.sort();
        for name in options.only.iter().filter(|name| !plan.offered.contains(*name)) {
            let problem = match manifest.tables.contains_key(name) {
                true => "it is not downloaded; query it with agnes query --remote",
                false => "the server does not offer you a table of this name",
            };
            plan.refused.push((name.clone(), problem.to_owned()));
        }
        let present: BTreeSet<&String> = known.tables.keys().chain(loose.keys()).collect();
        plan.removals = present.into_iter().filter(|table| !plan.offered.contains(*table)).cloned().collect();
        // So that no long transfer starts last.
        plan.downloads.sort_by_key(|file| std::cmp::Reverse(file.size_bytes));
        Ok(plan)
    }

    /// The tables that were asked for.
    pub fn chosen(&self) -> impl Iterator<Item = &String> {
        self.tables.keys().chain(self.refused.iter().map(|(table, _)| table))
    }

    /// The bytes of the downloads that have not come yet, as far as the server knows.
    pub fn bytes_to_come(&self, workspace: &Workspace) -> u64 {
        let left = |file: &PendingFile| {
            let come = std::fs::metadata(file.unfinished(workspace)).map_or(0, |file| file.len());
            file.size_bytes.unwrap_or(0).saturating_sub(come)
        };
        self.downloads.iter().map(left).fold(0, u64::saturating_add)
    }

    /// All files that the next pull can use.
    pub fn useful(&self, workspace: &Workspace) -> HashSet<PathBuf> {
        let unfinished = self.downloads.iter().flat_map(|file| {
            let path = file.unfinished(workspace);
            [tag_file(&path), path]
        });
        let files = self.tables.iter().flat_map(|(table, wanted)| {
            wanted.files.iter().filter_map(|file| match file {
                WantedFile::There(file) | WantedFile::Loose(file) => Some(file.path(table, workspace)),
                WantedFile::Missing(_) => None,
            })
        });
        let known = self.downloads.iter().filter_map(|file| match &file.version {
            Version::Md5(md5) => Some(workspace.version_file(&file.table, file.part.as_deref(), md5)),
            Version::Tag(_) | Version::Unknown => None,
        });
        unfinished.chain(files).chain(known).collect()
    }
}

impl Wanted {
    fn missing(&self) -> impl Iterator<Item = &PendingFile> {
        self.files.iter().filter_map(|file| match file {
            WantedFile::Missing(pending) => Some(&**pending),
            WantedFile::There(_) | WantedFile::Loose(_) => None,
        })
    }

    /// The files that are in `server/parquet` only.
    pub fn loose(&self) -> impl Iterator<Item = &StoredFile> {
        self.files.iter().filter_map(|file| match file {
            WantedFile::Loose(file) => Some(file),
            WantedFile::There(_) | WantedFile::Missing(_) => None,
        })
    }

    /// The table with the files that were there and those that were downloaded, by part; `None` if one is missing.
    pub fn entry(&self, downloaded: &BTreeMap<Option<String>, StoredFile>) -> Option<Entry> {
        let file = |file: &WantedFile| match file {
            WantedFile::There(file) | WantedFile::Loose(file) => Some(file.clone()),
            WantedFile::Missing(pending) => downloaded.get(&pending.part).cloned(),
        };
        let files: Vec<StoredFile> = self.files.iter().map(file).collect::<Option<_>>()?;
        let size_bytes = files.iter().map(|file| file.size_bytes).sum();
        Some(Entry { hash: self.hash.clone(), rows: self.rows, size_bytes, files })
    }
}

/// Why an offer cannot be used.
fn problem(table: &str, offer: &ManifestTable) -> Option<String> {
    if !ident::is_relaxed(table) {
        return Some("the server offers it under a name that is not allowed".into());
    }
    let parts = offer.parts.as_ref()?;
    let is_wrong = |part: &&ManifestPart| !ident::is_relaxed(&part.name) || !is_md5(&part.hash);
    let mut names = HashSet::new();
    if table.ends_with(".parquet") {
        Some("a table in parts cannot have a name that ends with .parquet".into())
    } else if let Some(part) = parts.iter().find(is_wrong) {
        Some(format!("its part {:?} has an invalid name or hash in the manifest", part.name))
    } else if let Some(part) = parts.iter().find(|part| !names.insert(part.name.to_lowercase())) {
        Some(format!("its part {:?} is twice in the manifest", part.name))
    } else if parts.is_empty() {
        Some("it has no parts yet".into())
    } else {
        None
    }
}

fn compare(
    workspace: &Workspace,
    known: Option<&Entry>,
    loose: &BTreeMap<String, PathBuf>,
    table: &str,
    offer: &ManifestTable,
    verify: bool,
) -> io::Result<Wanted> {
    let stored: HashMap<(Option<&str>, &str), &StoredFile> = known
        .iter()
        .flat_map(|known| &known.files)
        .map(|file| ((file.part.as_deref(), file.md5.as_str()), file))
        .collect();
    let there = |part: Option<&str>, md5: &str, size: Option<u64>| {
        let path = workspace.version_file(table, part, md5);
        checked(&path, part, md5, size, stored.get(&(part, md5)).copied().filter(|_| !verify))
    };
    let Some(parts) = &offer.parts else {
        let pending = PendingFile::new(table, offer);
        let (hash, size) = (pending.version.text().to_owned(), pending.size_bytes);
        let mut file = match &pending.version {
            Version::Md5(md5) => there(None, md5, size)?.map(WantedFile::There),
            Version::Tag(tag) => match known.filter(|known| known.hash == *tag).map(|known| known.files.as_slice()) {
                Some([file]) if file.part.is_none() => there(None, &file.md5, size)?.map(WantedFile::There),
                _ => None,
            },
            Version::Unknown => None,
        };
        if let (None, Version::Md5(md5), Some(path)) = (&file, &pending.version, loose.get(table)) {
            file = checked(path, None, md5, size, None)?.map(WantedFile::Loose);
        }
        let file = file.unwrap_or_else(|| WantedFile::Missing(Box::new(pending)));
        return Ok(Wanted { hash, rows: offer.rows, files: vec![file] });
    };
    let mut files = Vec::with_capacity(parts.len());
    for part in parts {
        let file = there(Some(&part.name), &part.hash, Some(part.size_bytes))?.map(WantedFile::There);
        files.push(file.unwrap_or_else(|| WantedFile::Missing(Box::new(PendingFile::part(table, part)))));
    }
    Ok(Wanted { hash: ManifestPart::version(parts), rows: offer.rows, files })
}

/// The file, if it has these bytes: as `stored` says if that still fits, or else by its hash.
fn checked(
    path: &Path,
    part: Option<&str>,
    md5: &str,
    size: Option<u64>,
    stored: Option<&StoredFile>,
) -> io::Result<Option<StoredFile>> {
    let Some(file) = if_exists(std::fs::metadata(path))?.filter(Metadata::is_file) else { return Ok(None) };
    if size.is_some_and(|size| size != file.len()) {
        return Ok(None);
    }
    if let Some(stored) = stored.filter(|stored| stored.matches(&file)) {
        return Ok(Some(stored.clone()));
    }
    Ok((hash::md5_file(path)? == md5).then(|| StoredFile::new(part, md5, &file)))
}
