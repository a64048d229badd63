use std::collections::BTreeMap;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::vocabulary::{QueryMode, SourceType};

/// Maximum number of tables in a manifest that is read.
const MAX_TABLES: usize = 100_000;

/// `GET /api/sync/manifest`: what the caller may download, by table name.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Manifest {
    #[serde(deserialize_with = "limited")]
    pub tables: BTreeMap<String, ManifestTable>,
    #[serde(default)]
    pub assets: BTreeMap<String, Asset>,
    pub server_time: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ManifestTable {
    /// MD5 of the file as 32 lower-case hex digits; empty where there is no file to verify (remote tables). Servers of
    /// v0.35 may send other short tokens, which only distinguish versions.
    pub hash: Option<String>,
    /// When the data was read from its source.
    pub updated: Option<String>,
    pub size_bytes: Option<u64>,
    pub rows: Option<i64>,
    /// Remote tables are not downloaded.
    #[serde(default)]
    pub query_mode: QueryMode,
    /// Empty for a table that is not registered.
    #[serde(default)]
    pub source_type: SourceType,
    /// Path on the server from which the file is downloaded, if not `/api/data/{name}/download`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_path: Option<String>,
    /// The files of a table in parts, for `GET /api/data/{table}/parts/{part}`; `hash` is then empty, since the parts are
    /// merged only when the whole is downloaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<ManifestPart>>,
}

/// One file of a table in parts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ManifestPart {
    pub name: String,
    /// MD5 of the file as 32 lower-case hex digits.
    pub hash: String,
    pub size_bytes: u64,
    pub rows: i64,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Asset {
    pub hash: String,
}

impl ManifestPart {
    /// Returns a text that distinguishes the contents of a table in parts.
    pub fn version(parts: &[Self]) -> String {
        parts.iter().map(|part| format!("{}:{}", part.name, part.hash)).collect::<Vec<_>>().join(" ")
    }
}

/// Reads tables until there are too many, so that a wrong manifest does not take all memory.
fn limited<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, ManifestTable>, D::Error> {
    struct Tables;

    impl<'de> Visitor<'de> for Tables {
        type Value = BTreeMap<String, ManifestTable>;

        fn expecting(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            text.write_str("tables by their names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut tables = BTreeMap::new();
            while let Some((name, entry)) = entries.next_entry()? {
                if tables.len() == MAX_TABLES {
                    return Err(A::Error::custom(format_args!("the manifest has more than {MAX_TABLES} tables")));
                }
                tables.insert(name, entry);
            }
            Ok(tables)
        }
    }

    from.deserialize_map(Tables)
}

/// Response of `POST /api/sync/trigger`.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Triggered {
    pub status: String,
    /// `"all"`, or the requested ids.
    pub tables: serde_json::Value,
    pub message: String,
    /// The run that does it, for `GET /api/sync/runs/{id}`; null if nothing was started.
    pub run_id: Option<String>,
    /// Ids that are not registered; nothing was started for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}
