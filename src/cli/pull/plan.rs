//! What a pull has to do: the manifest compared with the workspace.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::io;

use super::parts::PartedTable;
use super::pending::{PendingFile, Version, is_md5};
use super::state::{Entry, State};
use crate::base::{hash, ident, if_exists};
use crate::cli::workspace::Workspace;
use crate::protocol::sync::{Manifest, ManifestPart};
use crate::protocol::vocabulary::QueryMode;

#[derive(Debug, Default)]
pub struct Plan {
    /// Tables of the manifest that are files.
    pub offered: usize,
    pub downloads: Vec<PendingFile>,
    /// Tables that are up to date, with their entries for the state.
    pub current: BTreeMap<String, Entry>,
    /// Tables in parts, up to date or not; their missing parts are among the downloads.
    pub parted: BTreeMap<String, PartedTable>,
    /// Tables that are no longer in the manifest.
    pub removals: Vec<String>,
    /// Tables that cannot be downloaded, and why.
    pub refused: Vec<(String, String)>,
}

impl Plan {
    /// Compares. Files are hashed where their size or time says that they may have changed, or all with `verify`.
    pub fn make(workspace: &Workspace, state: &State, manifest: Manifest, verify: bool) -> io::Result<Self> {
        let mut plan = Self::default();
        let mut names = HashSet::new();
        for (table, offer) in manifest.tables.iter().filter(|(_, offer)| offer.query_mode != QueryMode::Remote) {
            plan.offered += 1;
            let is_wrong = |part: &&ManifestPart| !ident::is_relaxed(&part.name) || !is_md5(&part.hash);
            let problem = match offer.parts.iter().flatten().find(is_wrong) {
                _ if !ident::is_relaxed(table) => Some("the server offers it under a name that is not allowed".into()),
                _ if !names.insert(table.to_lowercase()) => {
                    Some("another table has the same name except for case".into())
                }
                part => {
                    part.map(|part| format!("its part {:?} has an invalid name or hash in the manifest", part.name))
                }
            };
            match (problem, &offer.parts) {
                (Some(problem), _) => plan.refused.push((table.clone(), problem)),
                (None, Some(parts)) => {
                    let parted = PartedTable::new(offer, parts);
                    plan.downloads.extend(parted.missing(workspace, table, verify)?);
                    plan.parted.insert(table.clone(), parted);
                }
                (None, None) => {
                    let pending = PendingFile::new(table, offer);
                    match up_to_date(workspace, state.tables.get(table), &pending, verify)? {
                        Some(entry) => drop(plan.current.insert(table.clone(), entry)),
                        None => plan.downloads.push(pending),
                    }
                }
            }
        }
        plan.removals = workspace.tables()?.into_iter().filter(|table| !plan.keeps(table)).collect();
        // Largest first, so that no long transfer starts last.
        plan.downloads.sort_by_key(|file| std::cmp::Reverse(file.size_bytes));
        Ok(plan)
    }

    /// Whether the table is still in the manifest.
    pub fn keeps(&self, table: &str) -> bool {
        self.current.contains_key(table)
            || self.parted.contains_key(table)
            || self.downloads.iter().any(|file| file.table == table)
    }

    /// Bytes to download, as far as the server knows.
    pub fn download_bytes(&self) -> u64 {
        self.downloads.iter().filter_map(|file| file.size_bytes).fold(0, u64::saturating_add)
    }
}

/// The state entry of a file that is what the manifest says; `None` when it must be downloaded.
fn up_to_date(
    workspace: &Workspace,
    known: Option<&Entry>,
    pending: &PendingFile,
    verify: bool,
) -> io::Result<Option<Entry>> {
    if workspace.parts_index(&pending.table).is_file() {
        // The workspace has it in parts.
        return Ok(None);
    }
    let path = workspace.table_file(&pending.table);
    let Some(file) = if_exists(std::fs::metadata(&path))?.filter(Metadata::is_file) else { return Ok(None) };
    let known = known.filter(|entry| entry.hash == pending.version.text());
    if pending.version == Version::Unknown {
        return Ok(None);
    }
    if let Some(entry) = known
        && !verify
        && entry.matches(&file)
    {
        return Ok(Some(entry.clone()));
    }
    // A file without a trusted entry may still be current: hash it.
    let expected = match (&pending.version, known) {
        (Version::Md5(md5), _) => md5,
        (_, Some(entry)) => &entry.md5,
        _ => return Ok(None),
    };
    if pending.size_bytes.is_some_and(|size| size != file.len()) || hash::md5_file(&path)? != *expected {
        return Ok(None);
    }
    Ok(Some(Entry::new(pending, &file, expected.clone())))
}
