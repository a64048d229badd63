//! What OpenMetadata answers, and what is kept of it.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::text::plain;

#[derive(Deserialize)]
pub struct Table {
    #[serde(default, deserialize_with = "or_default")]
    description: String,
    #[serde(default, deserialize_with = "or_default")]
    columns: Vec<Column>,
    #[serde(default, deserialize_with = "or_default")]
    owners: Vec<Owner>,
    #[serde(default, deserialize_with = "or_default")]
    tags: Vec<Tag>,
    /// Properties that the company has defined.
    #[serde(default)]
    extension: Value,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    display_name: String,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "tagFQN")]
    fqn: String,
}

/// A missing value may be written as null.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// What OpenMetadata says about a table, as plain text.
#[derive(Debug, PartialEq)]
pub struct About {
    /// Empty if it has none.
    pub description: String,
    /// Descriptions that are not empty, by lower-cased name of the column.
    pub columns: HashMap<String, String>,
    pub owners: Vec<String>,
    /// How important the table is, e.g. `Tier1`.
    pub tier: Option<String>,
    /// Its page, for people.
    pub url: Url,
}

impl About {
    pub fn new(table: Table, url: Url) -> Self {
        let columns = table.columns.iter().map(|column| (column.name.to_lowercase(), plain(&column.description)));
        let owners = table.owners.into_iter().map(|Owner { name, display_name }| match name.as_str() {
            "" => display_name,
            _ => name,
        });
        let extension = ["tier", "Tier"].iter().find_map(|key| table.extension[*key].as_str());
        let tag = || table.tags.iter().find_map(|tag| tag.fqn.strip_prefix("Tier."));
        Self {
            description: plain(&table.description),
            columns: columns.filter(|(_, text)| !text.is_empty()).collect(),
            owners: owners.filter(|owner| !owner.is_empty()).collect(),
            tier: extension.or_else(tag).filter(|tier| !tier.is_empty()).map(str::to_owned),
            url,
        }
    }
}
