//! Answers of the Storage API, as far as they are used (<https://keboola.docs.apiary.io>).

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::base::secret::Secret;

/// Numeric ids that some stacks write as text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Id {
    Number(u64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// What `tokens/verify` says of a valid token.
#[derive(Debug, Deserialize)]
pub struct TokenInfo {
    pub owner: Owner,
}

/// The project of a token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    pub name: String,
}

/// A table, from the listing or in detail.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Bucket id and table name, e.g. `in.c-crm.orders`.
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub primary_key: Vec<String>,
    pub rows_count: Option<u64>,
    pub data_size_bytes: Option<u64>,
    pub last_import_date: Option<String>,
    pub last_change_date: Option<String>,
    /// In the order of the table.
    #[serde(default)]
    pub columns: Vec<String>,
    pub bucket: Option<Bucket>,
    #[serde(default, deserialize_with = "map_or_empty_list")]
    pub column_metadata: HashMap<String, Vec<Metadata>>,
    pub source_table: Option<SourceTable>,
    pub definition: Option<Definition>,
    pub is_typed: Option<bool>,
}

impl Table {
    /// The columns that identify a row: its own, else those of the table behind an alias that has all of them.
    pub fn key(&self) -> Vec<String> {
        let own = Some(&self.primary_key);
        let defined = self.definition.as_ref().map(|definition| &definition.primary_keys_names);
        let source = self.source_table.as_ref().map(|source| &source.primary_key);
        let has_all = |key: &&Vec<String>| !key.is_empty() && key.iter().all(|name| self.columns.contains(name));
        [own, defined, source].into_iter().flatten().find(has_all).cloned().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Bucket {
    pub id: String,
    pub name: String,
}

/// The table behind an alias.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceTable {
    #[serde(default)]
    pub primary_key: Vec<String>,
    #[serde(default, deserialize_with = "map_or_empty_list")]
    pub column_metadata: HashMap<String, Vec<Metadata>>,
}

/// One fact about a column, recorded by `provider`.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub key: String,
    #[serde(default)]
    pub value: Option<String>,
    #[serde(default)]
    pub provider: Option<String>,
}

/// Columns of a typed table.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    #[serde(default)]
    pub primary_keys_names: Vec<String>,
    #[serde(default)]
    pub columns: Vec<DefinedColumn>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DefinedColumn {
    pub name: String,
    pub definition: Option<NativeType>,
    pub basetype: Option<String>,
}

/// The type at the backend, e.g. `NUMBER` with length `38,0`.
#[derive(Clone, Debug, Deserialize)]
pub struct NativeType {
    #[serde(rename = "type")]
    pub name: String,
    #[serde(default)]
    pub length: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: Id,
    /// `waiting`, `processing`, `success`, `error`, `cancelled` or `terminated`.
    pub status: String,
    /// When the export started; what is imported later may be missing from it.
    pub created_time: Option<String>,
    pub results: Option<JobResults>,
    pub error: Option<JobError>,
}

#[derive(Debug, Deserialize)]
pub struct JobResults {
    pub file: Option<FileReference>,
}

#[derive(Debug, Deserialize)]
pub struct FileReference {
    pub id: Id,
}

#[derive(Debug, Deserialize)]
pub struct JobError {
    pub message: Option<String>,
}

/// Where the content of a file lies, with credentials for some hours.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    pub region: Option<String>,
    #[serde(default)]
    pub is_sliced: bool,
    /// Signed address of the content, or of the manifest of a sliced file. A secret while it is valid.
    pub url: Secret,
    pub credentials: Option<S3Credentials>,
    pub abs_credentials: Option<AbsCredentials>,
    pub gcs_credentials: Option<GcsCredentials>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct S3Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Secret,
}

#[derive(Debug, Deserialize)]
pub struct AbsCredentials {
    /// `BlobEndpoint=https://…;SharedAccessSignature=sv=…`.
    #[serde(rename = "SASConnectionString")]
    pub connection: Secret,
}

#[derive(Debug, Deserialize)]
pub struct GcsCredentials {
    pub access_token: Secret,
}

/// The slices of a file, in order.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    pub entries: Vec<ManifestEntry>,
}

#[derive(Debug, Deserialize)]
pub struct ManifestEntry {
    pub url: String,
}

/// The API writes an empty map as `[]`.
fn map_or_empty_list<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<HashMap<String, Vec<Metadata>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(HashMap<String, Vec<Metadata>>),
        List([serde::de::IgnoredAny; 0]),
        Null(()),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Map(map) => map,
        Either::List([]) | Either::Null(()) => HashMap::new(),
    })
}
