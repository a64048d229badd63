//! Files that a pull downloads.

use std::path::PathBuf;

use crate::cli::workspace::{IndexedPart, Workspace, part_file_name};
use crate::protocol::sync::ManifestTable;

/// A file to download: a table, or a part of one.
#[derive(Clone, Debug)]
pub struct PendingFile {
    pub table: String,
    /// Name of the part, where the table is in parts.
    pub part: Option<String>,
    pub version: Version,
    /// Size of the file, where the server knows it.
    pub size_bytes: Option<u64>,
    pub rows: Option<i64>,
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

    /// Path of the finished file.
    pub fn target(&self, workspace: &Workspace) -> PathBuf {
        match &self.part {
            Some(part) => workspace.parts_folder(&self.table).join(part_file_name(part, self.version.text())),
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

pub fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
