//! What a pull has to do: the manifest against what lies in the workspace.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;

use super::parts::{self, Parted, PartedTables};
use super::state::{Entry, State, mtime_ns};
use crate::base::{hash, ident};
use crate::cli::parts_index::IndexedPart;
use crate::cli::workspace::Workspace;
use crate::protocol::sync::{Manifest, ManifestTable};
use crate::protocol::vocabulary::QueryMode;

/// A table to download.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub table: String,
    /// The part of it, where the table is in parts.
    pub part: Option<String>,
    pub version: Version,
    /// Size of the file, where the server knows it.
    pub size_bytes: Option<u64>,
    pub rows: Option<i64>,
}

/// What the manifest's `hash` is good for.
#[derive(Clone, Debug, PartialEq)]
pub enum Version {
    /// MD5 of the file.
    Md5(String),
    /// Tells versions apart, nothing else.
    Tag(String),
    /// The server does not say; download every time.
    Unknown,
}

#[derive(Debug, Default)]
pub struct Plan {
    /// Tables of the manifest that are files.
    pub offered: usize,
    pub downloads: Vec<Wanted>,
    /// Tables that are up to date, with what the state shall say of them.
    pub current: BTreeMap<String, Entry>,
    /// Tables in parts, up to date or not; their missing parts are among the downloads.
    pub parted: PartedTables,
    /// Tables that the manifest no longer has.
    pub removals: Vec<String>,
    /// Tables that cannot be had, and why.
    pub refused: Vec<(String, String)>,
}

impl Wanted {
    pub fn new(table: &str, offer: &ManifestTable) -> Self {
        Self {
            table: table.to_owned(),
            part: None,
            version: Version::of(offer.hash.as_deref().unwrap_or_default()),
            size_bytes: offer.size_bytes.filter(|size| *size > 0),
            rows: offer.rows,
        }
    }

    pub fn part(table: &str, name: &str, part: &IndexedPart) -> Self {
        Self {
            table: table.to_owned(),
            part: Some(name.to_owned()),
            version: Version::of(&part.hash),
            size_bytes: Some(part.size_bytes),
            rows: None,
        }
    }

    /// Where the finished file belongs.
    pub fn target(&self, workspace: &Workspace) -> PathBuf {
        match &self.part {
            Some(part) => parts::target(workspace, &self.table, part, self.version.text()),
            None => workspace.table_file(&self.table),
        }
    }

    /// `orders`, `orders/2026-11`.
    pub fn name(&self) -> String {
        self.part.as_ref().map_or_else(|| self.table.clone(), |part| format!("{}/{part}", self.table))
    }
}

impl Version {
    pub fn of(hash: &str) -> Self {
        match hash {
            "" => Self::Unknown,
            hash if is_md5(hash) => Self::Md5(hash.to_ascii_lowercase()),
            tag => Self::Tag(tag.to_owned()),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Md5(text) | Self::Tag(text) => text,
            Self::Unknown => "",
        }
    }
}

impl Plan {
    /// Compares. Files are hashed where their size or time says that they may have changed, or all with `verify`.
    pub fn make(workspace: &Workspace, state: &State, manifest: Manifest, verify: bool) -> io::Result<Self> {
        let mut plan = Self::default();
        let mut names = HashSet::new();
        for (table, offer) in manifest.tables.iter().filter(|(_, offer)| offer.query_mode != QueryMode::Remote) {
            plan.offered += 1;
            if !ident::is_relaxed(table) {
                plan.refused.push((table.clone(), "the server offers it under a name that is not allowed".into()));
                continue;
            }
            if !names.insert(table.to_lowercase()) {
                let problem = "another table has the same name but for upper and lower case";
                plan.refused.push((table.clone(), problem.into()));
                continue;
            }
            if let Some(parts) = &offer.parts {
                match parts.iter().find(|part| !ident::is_relaxed(&part.name) || !is_md5(&part.hash)) {
                    Some(part) => {
                        plan.refused.push((table.clone(), format!("its part {:?} is not offered well", part.name)))
                    }
                    None => {
                        let parted = Parted::new(offer, parts);
                        plan.downloads.extend(parted.missing(workspace, table, verify)?);
                        plan.parted.insert(table.clone(), parted);
                    }
                }
                continue;
            }
            let wanted = Wanted::new(table, offer);
            match up_to_date(workspace, state.tables.get(table), &wanted, verify)? {
                Some(entry) => drop(plan.current.insert(table.clone(), entry)),
                None => plan.downloads.push(wanted),
            }
        }
        let offered: HashSet<&str> = plan
            .current
            .keys()
            .map(String::as_str)
            .chain(plan.parted.keys().map(String::as_str))
            .chain(plan.downloads.iter().map(|wanted| wanted.table.as_str()))
            .collect();
        plan.removals = workspace.tables()?.into_iter().filter(|table| !offered.contains(table.as_str())).collect();
        // The largest first: the last transfer to end is then a short one.
        plan.downloads.sort_by_key(|wanted| std::cmp::Reverse(wanted.size_bytes));
        Ok(plan)
    }

    /// Whether the manifest still has the table.
    pub fn keeps(&self, table: &str) -> bool {
        self.current.contains_key(table)
            || self.parted.contains_key(table)
            || self.downloads.iter().any(|wanted| wanted.table == table)
    }

    /// Bytes to download, as far as the server knows.
    pub fn download_bytes(&self) -> u64 {
        self.downloads.iter().filter_map(|wanted| wanted.size_bytes).fold(0, u64::saturating_add)
    }
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The state entry of a file that is what the manifest says; `None` when it must be downloaded.
fn up_to_date(
    workspace: &Workspace,
    known: Option<&Entry>,
    wanted: &Wanted,
    verify: bool,
) -> io::Result<Option<Entry>> {
    if workspace.parts_index(&wanted.table).is_file() {
        // It was in parts so far.
        return Ok(None);
    }
    let path = workspace.table_file(&wanted.table);
    let file = match std::fs::metadata(&path) {
        Ok(file) if file.is_file() => file,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let known = known.filter(|entry| entry.hash == wanted.version.text());
    if wanted.version == Version::Unknown {
        return Ok(None);
    }
    if let Some(entry) = known
        && !verify
        && entry.matches(&file)
    {
        return Ok(Some(entry.clone()));
    }
    // A file without a (trusted) entry may still be the right one: its bytes tell.
    let expected = match (&wanted.version, known) {
        (Version::Md5(md5), _) => md5,
        (_, Some(entry)) => &entry.md5,
        _ => return Ok(None),
    };
    if wanted.size_bytes.is_some_and(|size| size != file.len()) || hash::md5_file(&path)? != *expected {
        return Ok(None);
    }
    Ok(Some(Entry {
        hash: wanted.version.text().to_owned(),
        rows: wanted.rows,
        size_bytes: file.len(),
        md5: expected.clone(),
        mtime_ns: mtime_ns(&file),
    }))
}
