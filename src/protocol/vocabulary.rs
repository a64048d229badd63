//! What registry rows, extracts and manifests say about a table (its source, how it is queried, how it is synced), and
//! what can be granted.
//!
//! Every value that was ever stored can be loaded and is shown unchanged. One that is not known opens nothing.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::access::ResourceTypeInfo;

/// The source of a table. An open set: a custom connector is a source with the name of its folder.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SourceType(Cow<'static, str>);

impl SourceType {
    pub const BIGQUERY: Self = Self(Cow::Borrowed("bigquery"));
    pub const JIRA: Self = Self(Cow::Borrowed("jira"));
    pub const KEBOOLA: Self = Self(Cow::Borrowed("keboola"));
    /// The folder of data files.
    pub const LOCAL: Self = Self(Cow::Borrowed("local"));
    /// The tables that keep the results of saved queries.
    pub const SAVED_QUERIES: Self = Self(Cow::Borrowed("saved_queries"));

    /// The source of that name; a source names itself where it is defined.
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether no source is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether only Agnes itself may provide a source of this name, now or in a later version.
    pub fn is_reserved(&self) -> bool {
        [Self::BIGQUERY, Self::JIRA, Self::KEBOOLA, Self::LOCAL, Self::SAVED_QUERIES].contains(self)
    }
}

impl From<String> for SourceType {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// Defines a closed set of values, and `Unknown` for everything else that an old database holds.
macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$meaning])* $variant,)+
            /// A stored value that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The known values.
            pub const KNOWN: &[&str] = &[$($text),+];

            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Unknown(text),
                }
            }
        }
    };
}

vocabulary! {
    /// Where the rows of a table are when it is queried.
    QueryMode {
        /// Fetched from the source and kept as parquet files.
        #[default]
        Local = "local",
        /// At the source; there is nothing to download.
        Remote = "remote",
        /// Made by SQL at the source and kept as a parquet file.
        Materialized = "materialized",
    }
}

vocabulary! {
    /// How the rows of a table are fetched.
    SyncStrategy {
        /// All of them, each time.
        #[default]
        FullRefresh = "full_refresh",
        /// Those that changed since the last sync.
        Incremental = "incremental",
        /// As [`Self::Incremental`], with one file for each partition.
        Partitioned = "partitioned",
    }
}

vocabulary! {
    /// What access can be granted to.
    ResourceType {
        MarketplacePlugin = "marketplace_plugin",
        #[default]
        Table = "table",
        MemoryDomain = "memory_domain",
        SavedQuery = "saved_query",
    }
}

vocabulary! {
    /// In which SQL the predicate of a scan is written.
    SqlFlavor {
        #[default]
        Duckdb = "duckdb",
        /// That of a table that stays in BigQuery.
        Bigquery = "bigquery",
    }
}

impl ResourceType {
    /// How this kind of resource is shown to people.
    pub fn info(&self) -> ResourceTypeInfo {
        let (display_name, description, id_format) = match self {
            Self::MarketplacePlugin => {
                let description = "A plugin from a registered marketplace.";
                ("Marketplace plugins", description, "<marketplace_slug>/<plugin_name>")
            }
            Self::Table => ("Tables", "A registered data table.", "<table_id>"),
            Self::MemoryDomain => ("Memory domains", "A corporate-memory domain (knowledge_items.domain).", "<domain>"),
            Self::SavedQuery => ("Saved queries", "A query that its owner shares.", "<query_id>"),
            Self::Unknown(text) => (text.as_str(), "Unknown to this version.", ""),
        };
        ResourceTypeInfo {
            key: self.as_str().into(),
            display_name: display_name.into(),
            description: description.into(),
            id_format: id_format.into(),
        }
    }
}

/// All of them are text wherever they are read, shown or stored.
macro_rules! text {
    ($($name:ident),+) => {$(
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                String::schema()
            }
        }

        impl ToSchema for $name {}
    )+};
}

text!(SourceType, QueryMode, SyncStrategy, SqlFlavor, ResourceType);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_text_survives() {
        for text in ["local", "remote", "materialized", "", "magic"] {
            assert_eq!(String::from(QueryMode::from(text)), text);
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::to_string(&serde_json::from_str::<QueryMode>(&json).unwrap()).unwrap(), json);
            assert_eq!(serde_json::to_string(&serde_json::from_str::<SourceType>(&json).unwrap()).unwrap(), json);
        }
        assert_eq!(SyncStrategy::from("partitioned"), SyncStrategy::Partitioned);
        assert_eq!(SyncStrategy::from("Partitioned"), SyncStrategy::Unknown("Partitioned".into()));
        assert_eq!(SourceType::from("keboola"), SourceType::KEBOOLA);
    }
}
