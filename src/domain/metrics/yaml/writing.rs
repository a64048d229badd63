//! Writing a metric as YAML.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::protocol::metrics::{Metric, default_grain, default_type};

/// Why a metric cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("its {0} are not a JSON object: {1}")]
    NotAnObject(&'static str, serde_json::Error),
    #[error(transparent)]
    Yaml(#[from] serde_saphyr::ser_error::Error),
}

/// The fields in the order in which people read them. What is null is left out, unless reading would make a default of it.
#[serde_with::skip_serializing_none]
#[derive(Serialize)]
struct Written<'a> {
    id: Option<&'a str>,
    name: &'a str,
    display_name: &'a str,
    category: &'a str,
    #[serde(rename = "type")]
    kind: Option<Explicit<'a>>,
    unit: Option<&'a String>,
    grain: Option<Explicit<'a>>,
    time_column: Option<&'a String>,
    table: Option<&'a String>,
    tables: Option<&'a Vec<String>>,
    expression: Option<&'a String>,
    description: Option<&'a String>,
    dimensions: Option<&'a Vec<String>>,
    filters: Option<&'a Vec<String>>,
    synonyms: Option<&'a Vec<String>>,
    notes: Option<&'a Vec<String>>,
    sql: Option<&'a str>,
    #[serde(flatten)]
    sql_by: Map<String, Value>,
    sql_variants: Option<Map<String, Value>>,
    validation: Option<Map<String, Value>>,
}

/// A text or an explicit null.
struct Explicit<'a>(Option<&'a str>);

impl Serialize for Explicit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'a> Explicit<'a> {
    fn new(value: Option<&'a str>, default: Option<String>) -> Option<Self> {
        (value.is_some() || default.is_some()).then_some(Self(value))
    }
}

/// The metric as a mapping that [`super::read`] makes the same metric of, but for its source and times.
pub fn write(metric: &Metric) -> Result<String, WriteError> {
    let variants = object("variants", metric.sql_variants.as_deref())?;
    let was_empty = variants.as_ref().is_some_and(Map::is_empty);
    let is_plain = |name: &str, sql: &Value| name.starts_with("by_") && sql.is_string();
    let (plain, others): (Map<_, _>, Map<_, _>) =
        variants.into_iter().flatten().partition(|(name, sql)| is_plain(name, sql));
    Ok(serde_saphyr::to_string(&Written {
        id: (metric.id != format!("{}/{}", metric.category, metric.name)).then_some(&metric.id),
        name: &metric.name,
        display_name: &metric.display_name,
        category: &metric.category,
        kind: Explicit::new(metric.kind.as_deref(), default_type()),
        unit: metric.unit.as_ref(),
        grain: Explicit::new(metric.grain.as_deref(), default_grain()),
        time_column: metric.time_column.as_ref(),
        table: metric.table_name.as_ref(),
        tables: metric.tables.as_ref(),
        expression: metric.expression.as_ref(),
        description: metric.description.as_ref(),
        dimensions: metric.dimensions.as_ref(),
        filters: metric.filters.as_ref(),
        synonyms: metric.synonyms.as_ref(),
        notes: metric.notes.as_ref(),
        sql: (!metric.sql.is_empty()).then_some(&metric.sql),
        sql_by: plain.into_iter().map(|(name, sql)| (format!("sql_{name}"), sql)).collect(),
        sql_variants: (was_empty || !others.is_empty()).then_some(others),
        validation: object("validations", metric.validation.as_deref())?,
    })?)
}

fn object(what: &'static str, text: Option<&str>) -> Result<Option<Map<String, Value>>, WriteError> {
    text.map(serde_json::from_str).transpose().map_err(|error| WriteError::NotAnObject(what, error))
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::metrics::yaml::read;

    fn texts() -> impl Strategy<Value = Option<Vec<String>>> {
        option::of(prop::collection::vec(text(), 0..3))
    }

    /// Anything, and what YAML may take for something else.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~\n]{0,120}",
            prop::sample::select(vec!["", "null", "~", "yes", "1.50", "0x1", "2024-01-01", "- a", "a: b", "#", "''"])
                .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            name in "[a-z]{1,9}", id in option::of("[a-z/]{1,9}"), kind in option::of(text()),
            one in option::of(text()), two in option::of(text()), lists in (texts(), texts()), sql in text(),
            by in option::of(prop::collection::btree_map("(by_)?[a-z]{1,3}", text(), 0..3)), number in prop::num::f64::NORMAL,
        ) {
            let metric = Metric {
                id: id.unwrap_or_else(|| format!("c/{name}")),
                display_name: name.clone(),
                name,
                category: "c".into(),
                kind,
                unit: one.clone(),
                table_name: one,
                tables: lists.0,
                description: two.clone(),
                time_column: two,
                dimensions: lists.1,
                sql,
                sql_variants: by.map(|by| json!(by).to_string()),
                validation: Some(json!({"limit": number, "more": [null, {"a": true}]}).to_string()),
                ..Metric::default()
            };
            let text = write(&metric).unwrap();
            let read = read(&text, None).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            let back = &read[0];
            let variants = |map: &Option<Map<String, Value>>| map.as_ref().map(|map| json!(map).to_string());
            let sorted = metric.sql_variants.as_deref().map(|text| serde_json::from_str::<Map<_, _>>(text).unwrap());
            prop_assert_eq!(&back.sql_variants, &sorted);
            prop_assert_eq!(variants(&back.validation), metric.validation);
            prop_assert_eq!((&back.id, &back.kind, &back.unit), (&metric.id, &metric.kind, &metric.unit));
            prop_assert_eq!((&back.table_name, &back.tables), (&metric.table_name, &metric.tables));
            prop_assert_eq!((&back.description, &back.time_column), (&metric.description, &metric.time_column));
            prop_assert_eq!((&back.dimensions, &back.sql, &back.grain), (&metric.dimensions, &metric.sql, &None));
        }
    }
}
