use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use url::Url;

use crate::base::secret::Secret;
use crate::config::{Certificates, OpenMetadataConfig};

/// How long one request may take. Nobody waits for it, but it takes one of few turns.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long nothing is asked for after a failure.
const RETRY: Duration = Duration::from_secs(60);

/// Where OpenMetadata is, and how often it is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub url: Url,
    pub token: Secret,
    pub certificates: Certificates,
    /// How long an answer is used, also that a table is not known.
    pub lifetime: Duration,
    /// How long a failure counts.
    pub retry: Duration,
    pub timeout: Duration,
    /// Which metrics are exported.
    pub selection: Selection,
    /// Fully qualified names by registry id.
    tables: BTreeMap<String, String>,
}

/// A part of the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    All,
    /// Those with the tag of this fully qualified name.
    Tag(String),
    /// Those of the data product with this name.
    DataProduct(String),
}

impl Selection {
    fn of(configured: &OpenMetadataConfig) -> Self {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let tag = || filled(&configured.filter_tag).map(Self::Tag);
        filled(&configured.data_product).map(Self::DataProduct).or_else(tag).unwrap_or(Self::All)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("metrics"),
            Self::Tag(tag) => write!(f, "metrics with the tag '{tag}' (openmetadata.filter_tag)"),
            Self::DataProduct(name) => write!(f, "metrics in the data product '{name}' (openmetadata.data_product)"),
        }
    }
}

impl Settings {
    /// The settings, unless address or token is missing.
    pub fn of(configured: &OpenMetadataConfig) -> Result<Option<Self>, String> {
        let token = configured.token.as_ref().filter(|token| !token.expose().trim().is_empty());
        let text = configured.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let Some((token, text)) = token.zip(text) else { return Ok(None) };
        let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let mut url = url.ok_or_else(|| {
            format!("openmetadata.url: '{text}' is not a valid address; write https://openmetadata.example.com")
        })?;
        url.set_query(None);
        url.set_fragment(None);
        Ok(Some(Self {
            url,
            token: Secret::new(token.expose().trim()),
            certificates: configured.verify_ssl.clone(),
            lifetime: Duration::from_secs(configured.cache_ttl_seconds),
            retry: RETRY,
            timeout: TIMEOUT,
            selection: Selection::of(configured),
            tables: configured.tables.clone(),
        }))
    }

    /// The fully qualified name of a table: as configured, or else as v0.35 made it.
    pub fn fqn(&self, id: &str) -> String {
        self.tables.get(id).cloned().unwrap_or_else(|| format!("bigquery.{id}"))
    }
}
