//! What OpenMetadata answers about tables, and what is kept of it.

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
#[serde(rename_all = "camelCase")]
struct Column {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    data_type: String,
    #[serde(default, deserialize_with = "or_default")]
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    display_name: String,
}

#[derive(Deserialize)]
pub struct Tag {
    #[serde(rename = "tagFQN")]
    pub fqn: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
}

/// A missing value may be written as null.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
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
        Self {
            description: plain(&table.description),
            columns: columns.filter(|(_, text)| !text.is_empty()).collect(),
            tier: table.tier(),
            owners: names(table.owners),
            url,
        }
    }
}

/// All that is exported of a table.
#[derive(Debug)]
pub struct CatalogTable {
    pub fqn: String,
    pub url: Url,
    pub description: String,
    pub owners: Vec<String>,
    pub tags: Vec<String>,
    /// Empty if it has none.
    pub tier: String,
    pub columns: Vec<CatalogColumn>,
}

#[derive(Debug)]
pub struct CatalogColumn {
    pub name: String,
    pub data_type: String,
    pub description: String,
}

impl CatalogTable {
    pub fn new(table: Table, fqn: String, url: Url) -> Self {
        let (description, tier) = (plain(&table.description), table.tier().unwrap_or_default());
        let columns = table.columns.into_iter().map(|Column { name, data_type, description }| CatalogColumn {
            name,
            data_type,
            description: plain(&description),
        });
        let tags = table.tags.iter().map(Tag::name).filter(|name| !name.is_empty());
        Self {
            fqn,
            url,
            description,
            tier,
            tags: tags.map(str::to_owned).collect(),
            columns: columns.collect(),
            owners: names(table.owners),
        }
    }
}

impl Table {
    fn tier(&self) -> Option<String> {
        let extension = ["tier", "Tier"].iter().find_map(|key| self.extension[*key].as_str());
        let tier = extension.or_else(|| tagged(&self.tags, "Tier").next());
        tier.filter(|tier| !tier.is_empty()).map(str::to_owned)
    }
}

impl Tag {
    fn name(&self) -> &str {
        if self.name.is_empty() { self.fqn.rsplit('.').next().unwrap_or_default() } else { &self.name }
    }
}

/// What follows `<group>.` in tags, in their order.
pub fn tagged<'a>(tags: &'a [Tag], group: &str) -> impl Iterator<Item = &'a str> {
    tags.iter().filter_map(move |tag| tag.fqn.strip_prefix(group)?.strip_prefix('.'))
}

/// The names of owners that have one.
pub fn names(owners: Vec<Owner>) -> Vec<String> {
    let names = owners.into_iter().map(|owner| if owner.name.is_empty() { owner.display_name } else { owner.name });
    names.filter(|name| !name.is_empty()).collect()
}
