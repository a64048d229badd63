//! What is known about a snapshot.

use std::fs::File;
use std::path::Path;
use std::{fs, io};

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::{Deserialize, Serialize};

use crate::base::{hash, time};
use crate::protocol::v2::ScanRequest;

/// The key of the request in the footer of a snapshot's file.
pub const FOOTER_KEY: &str = "agnes.snapshot";

/// `<name>.meta.json`
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Meta {
    pub name: String,
    #[serde(flatten)]
    pub origin: Origin,
    pub fetched_at: String,
    pub effective_as_of: String,
    pub rows: u64,
    pub bytes_local: u64,
    #[serde(default)]
    pub estimated_scan_bytes_at_fetch: u64,
    /// Of the whole file; v0.35 hashed the first 1,000,000 bytes.
    pub result_hash_md5: String,
}

/// What was asked for, and what came: also in the footer of the file, so that a file that was put in place just before the
/// command was killed describes itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Origin {
    pub table_id: String,
    pub select: Option<Vec<String>>,
    #[serde(rename = "where")]
    pub predicate: Option<String>,
    pub limit: Option<i64>,
    pub order_by: Option<Vec<String>>,
    /// Whether the server left rows out. Not written if it did not: v0.35 ignores descriptions with other fields.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Whether it stands for the pulled table of the same name, as `--force` asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub replaces_table: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Origin {
    pub fn new(request: ScanRequest, replaces_table: bool) -> Self {
        let ScanRequest { table_id, select, predicate, limit, order_by } = request;
        Self { table_id, select, predicate, limit, order_by, truncated: false, replaces_table }
    }

    pub fn request(&self) -> ScanRequest {
        let Self { table_id, select, predicate, limit, order_by, .. } = self.clone();
        ScanRequest { table_id, select, predicate, limit, order_by }
    }
}

impl Meta {
    /// What the description says, unless the file is another one.
    pub fn read(name: &str, file: &Path, description: &Path) -> io::Result<Option<Self>> {
        let facts = fs::metadata(file)?;
        let described: Option<Self> = fs::read(description).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let described = described.map(|meta| Self { name: name.to_owned(), ..meta });
        let is_later =
            fs::metadata(description).and_then(|it| Ok(it.modified()? >= facts.modified()?)).unwrap_or(false);
        if described.as_ref().is_some_and(|meta| is_later && meta.bytes_local == facts.len()) {
            return Ok(described);
        }
        let found = Self::of_file(name, file)?;
        let is_same = |meta: &Self| found.as_ref().is_none_or(|found| found.result_hash_md5 == meta.result_hash_md5);
        Ok(described.filter(is_same).or(found))
    }

    /// What the file says about itself; `None` for one of v0.35.
    fn of_file(name: &str, file: &Path) -> io::Result<Option<Self>> {
        let Ok(reader) = SerializedFileReader::new(File::open(file)?) else { return Ok(None) };
        let footer = reader.metadata().file_metadata();
        let note = footer.key_value_metadata().into_iter().flatten().find(|entry| entry.key == FOOTER_KEY);
        let origin = note.and_then(|note| serde_json::from_str(note.value.as_deref()?).ok());
        let Some(origin) = origin else { return Ok(None) };
        let (hasher, bytes_local) = hash::hash_file(file)?;
        let written = jiff::Timestamp::try_from(fs::metadata(file)?.modified()?).map_err(io::Error::other)?;
        let fetched_at = time::iso_offset(written);
        Ok(Some(Self {
            name: name.to_owned(),
            origin,
            effective_as_of: fetched_at.clone(),
            fetched_at,
            rows: u64::try_from(footer.num_rows()).unwrap_or_default(),
            bytes_local,
            estimated_scan_bytes_at_fetch: 0,
            result_hash_md5: hasher.finish(),
        }))
    }
}
