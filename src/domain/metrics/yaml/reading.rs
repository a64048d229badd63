//! What a document of metrics holds. The visitors keep positions in errors, which `#[serde(flatten)]` loses.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::ossie::Model;

/// The items of a document: of a list, or the document itself.
pub struct Items(Vec<Item>);

enum Item {
    Mapping(Box<Entry>),
    EmptyMapping,
    Other,
}

/// The fields of a mapping.
#[derive(Default)]
pub struct Entry {
    pub id: Option<String>,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub category: Option<String>,
    pub description: Option<String>,
    /// `Some(None)` if it is null.
    pub kind: Option<Option<String>>,
    pub unit: Option<String>,
    pub grain: Option<Option<String>>,
    pub table: Option<String>,
    pub tables: Option<Vec<String>>,
    pub expression: Option<String>,
    pub time_column: Option<String>,
    pub dimensions: Option<Vec<String>>,
    pub filters: Option<Vec<String>>,
    pub synonyms: Option<Vec<String>>,
    pub notes: Option<Vec<String>>,
    pub sql: String,
    pub sql_variants: Option<Map<String, Value>>,
    pub validation: Option<Map<String, Value>>,
    /// Those of an Ossie document.
    pub models: Option<Vec<Model>>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Id,
    Name,
    DisplayName,
    Category,
    Description,
    Type,
    Unit,
    Grain,
    Table,
    TableName,
    Tables,
    Expression,
    TimeColumn,
    Dimensions,
    Filters,
    Synonyms,
    Notes,
    Sql,
    SqlVariants,
    Validation,
    SemanticModel,
    Other(String),
}

impl Items {
    pub fn is_empty(&self) -> bool {
        matches!(self.0.as_slice(), [] | [Item::EmptyMapping])
    }

    /// The mappings, each with its place among all items.
    pub fn entries(self) -> impl Iterator<Item = (usize, Entry)> {
        self.0.into_iter().enumerate().filter_map(|(index, item)| match item {
            Item::Mapping(entry) => Some((index, *entry)),
            Item::EmptyMapping => Some((index, Entry::default())),
            Item::Other => None,
        })
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Document)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(One)
    }
}

struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric or a list of metrics")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Items(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Items, A::Error> {
        One.visit_map(fields).map(|item| Items(vec![item]))
    }

    fn visit_str<E>(self, _: &str) -> Result<Items, E> {
        Ok(Items(vec![Item::Other]))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Items, E> {
        Ok(Items(vec![Item::Other]))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Items, E> {
        Ok(Items(vec![Item::Other]))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Items, E> {
        Ok(Items(vec![Item::Other]))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Items, E> {
        Ok(Items(vec![Item::Other]))
    }

    fn visit_unit<E>(self) -> Result<Items, E> {
        Ok(Items(Vec::new()))
    }
}

struct One;

impl<'de> Visitor<'de> for One {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Item, A::Error> {
        let (mut entry, mut is_empty, mut table_name) = (Entry::default(), true, None);
        while let Some(key) = fields.next_key()? {
            is_empty = false;
            match key {
                Key::Id => entry.id = fields.next_value()?,
                Key::Name => entry.name = fields.next_value()?,
                Key::DisplayName => entry.display_name = fields.next_value()?,
                Key::Category => entry.category = fields.next_value()?,
                Key::Description => entry.description = fields.next_value()?,
                Key::Type => entry.kind = Some(fields.next_value()?),
                Key::Unit => entry.unit = fields.next_value()?,
                Key::Grain => entry.grain = Some(fields.next_value()?),
                Key::Table => entry.table = fields.next_value()?,
                Key::TableName => table_name = fields.next_value()?,
                Key::Tables => entry.tables = fields.next_value()?,
                Key::Expression => entry.expression = fields.next_value()?,
                Key::TimeColumn => entry.time_column = fields.next_value()?,
                Key::Dimensions => entry.dimensions = fields.next_value()?,
                Key::Filters => entry.filters = fields.next_value()?,
                Key::Synonyms => entry.synonyms = fields.next_value()?,
                Key::Notes => entry.notes = fields.next_value()?,
                Key::Sql => entry.sql = fields.next_value()?,
                Key::SqlVariants => {
                    if let Some(variants) = fields.next_value::<Option<Map<String, Value>>>()? {
                        entry.sql_variants.get_or_insert_default().extend(variants);
                    }
                }
                Key::Validation => entry.validation = fields.next_value()?,
                Key::SemanticModel => entry.models = Some(fields.next_value()?),
                Key::Other(key) => match key.strip_prefix("sql_by_") {
                    Some(by) => {
                        let sql: String = fields.next_value()?;
                        entry.sql_variants.get_or_insert_default().insert(format!("by_{by}"), sql.into());
                    }
                    None => drop(fields.next_value::<IgnoredAny>()?),
                },
            }
        }
        entry.table = entry.table.or(table_name);
        Ok(if is_empty { Item::EmptyMapping } else { Item::Mapping(Box::new(entry)) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Item, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Other)
    }
}
