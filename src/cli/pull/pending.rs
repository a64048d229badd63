//! Files that a pull downloads.

use std::path::{Path, PathBuf};

use crate::base::hash;
use crate::cli::installed::is_md5;
use crate::cli::workspace::Workspace;
use crate::protocol::sync::{ManifestPart, ManifestTable};

/// A file to download: a table, or a part of one.
#[derive(Clone, Debug)]
pub struct PendingFile {
    pub table: String,
    /// Name of the part, where the table is in parts.
    pub part: Option<String>,
    pub version: Version,
    /// Size of the file, where the server knows it.
    pub size_bytes: Option<u64>,
    /// Where the server wants it to be requested, instead of the usual address.
    pub path: Option<String>,
}

/// What the manifest's `hash` says about a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Version {
    /// MD5 of the file.
    Md5(String),
    /// Identifies a version, and nothing else.
    Tag(String),
    /// The server gave no hash; download every time.
    Unknown,
}

impl PendingFile {
    pub fn new(table: &str, offer: &ManifestTable) -> Self {
        Self {
            table: table.to_owned(),
            part: None,
            version: Version::of(offer.hash.as_deref().unwrap_or_default()),
            size_bytes: offer.size_bytes.filter(|size| *size > 0),
            path: offer.download_path.clone(),
        }
    }

    pub fn part(table: &str, part: &ManifestPart) -> Self {
        Self {
            table: table.to_owned(),
            part: Some(part.name.clone()),
            version: Version::of(&part.hash),
            size_bytes: Some(part.size_bytes),
            path: None,
        }
    }

    /// `orders`, `orders/2026-11`.
    pub fn name(&self) -> String {
        self.part.as_ref().map_or_else(|| self.table.clone(), |part| format!("{}/{part}", self.table))
    }

    /// Where an unfinished download is kept. Another version has another path, so that it is never continued.
    pub fn unfinished(&self, workspace: &Workspace) -> PathBuf {
        let identity = format!("{}\n{}", self.part.as_deref().unwrap_or_default(), self.version.text());
        let name = format!(".{}.{}.part", self.table, &hash::sha256_hex(&identity)[..32]);
        workspace.versions_dir().join(name)
    }
}

/// Where the server's own name for the version of an unfinished file is kept: v0.35 has another than the hash.
pub fn tag_file(unfinished: &Path) -> PathBuf {
    unfinished.with_extension("part-tag")
}

impl Version {
    pub fn of(hash: &str) -> Self {
        match hash {
            "" => Self::Unknown,
            hash if is_md5(&hash.to_ascii_lowercase()) => Self::Md5(hash.to_ascii_lowercase()),
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
