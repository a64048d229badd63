//! `openmetadata:` of `instance.yaml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::base::secret::Secret;

/// The company's catalog, which describes tables and metrics. It is used if both `url` and `token` are set.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct OpenMetadataConfig {
    pub url: Option<String>,
    pub token: Option<Secret>,
    pub cache_ttl_seconds: u64,
    pub verify_ssl: Certificates,
    /// Fully qualified names in OpenMetadata, by id of the table.
    pub tables: BTreeMap<String, String>,
    /// An export has the metrics with this tag only, given by its fully qualified name. Not used with a `data_product`.
    pub filter_tag: Option<String>,
    /// An export has the metrics of this data product only.
    pub data_product: Option<String>,
}

impl Default for OpenMetadataConfig {
    fn default() -> Self {
        Self {
            url: None,
            token: None,
            cache_ttl_seconds: 3600,
            verify_ssl: Certificates::default(),
            tables: BTreeMap::new(),
            filter_tag: None,
            data_product: None,
        }
    }
}

/// Which certificates of a server are accepted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(from = "FlagOrPath")]
pub enum Certificates {
    /// Those that this machine trusts.
    #[default]
    System,
    /// Those that a PEM file vouches for, too.
    File(PathBuf),
    /// Any.
    Unchecked,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, false, or the path of a file with certificates")]
enum FlagOrPath {
    Flag(bool),
    Text(String),
}

impl From<FlagOrPath> for Certificates {
    fn from(value: FlagOrPath) -> Self {
        match value {
            FlagOrPath::Flag(true) => Self::System,
            FlagOrPath::Flag(false) => Self::Unchecked,
            // A variable in `${…}` is always text.
            FlagOrPath::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "" | "true" => Self::System,
                "false" => Self::Unchecked,
                _ => Self::File(text.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_checked_unless_that_is_switched_off() {
        let read = |value: &str| {
            let text = format!("verify_ssl: {value}");
            serde_saphyr::from_str::<OpenMetadataConfig>(&text).map(|configured| configured.verify_ssl)
        };
        for (value, expected) in [
            ("true", Certificates::System),
            ("''", Certificates::System),
            ("false", Certificates::Unchecked),
            ("'False'", Certificates::Unchecked),
            ("/etc/ssl/company.pem", Certificates::File("/etc/ssl/company.pem".into())),
        ] {
            assert_eq!(read(value).unwrap(), expected, "{value}");
        }
        assert!(read("[1]").is_err());
    }
}
