//! Metric definitions: how a figure such as revenue is computed, agreed on once for everybody.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `GET /api/metrics/{id}`. The order of the fields is that of the stored columns.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Metric {
    /// `<category>/<name>` unless it was chosen differently.
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub category: String,
    pub description: Option<String>,
    /// How the figure behaves: `sum`, `ratio`, `count` …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub unit: Option<String>,
    /// How often the figure is usually looked at, such as `monthly`.
    pub grain: Option<String>,
    /// The table that it is computed from.
    pub table_name: Option<String>,
    /// Every table that it is computed from, if there are several.
    pub tables: Option<Vec<String>>,
    /// The aggregate, such as `sum(amount)`.
    pub expression: Option<String>,
    pub time_column: Option<String>,
    /// Columns by which it may be broken down.
    pub dimensions: Option<Vec<String>>,
    /// Conditions that belong to its definition.
    pub filters: Option<Vec<String>>,
    pub synonyms: Option<Vec<String>>,
    pub notes: Option<Vec<String>>,
    /// A complete statement; empty if there is only an expression.
    pub sql: String,
    /// Further statements by name, as the text of a JSON object.
    pub sql_variants: Option<String>,
    /// The text of a JSON object.
    pub validation: Option<String>,
    /// Where the definition comes from.
    pub source: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

/// `GET /api/metrics`, in order of names.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Metrics {
    pub metrics: Vec<Metric>,
    pub count: usize,
}

/// `POST /api/admin/metrics`. What is missing gets its default, also when there is a metric with that id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MetricDefinition {
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub category: String,
    #[serde(default)]
    pub description: Option<String>,
    /// `sum` if absent.
    #[serde(default = "default_type", rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub unit: Option<String>,
    /// `monthly` if absent.
    #[serde(default = "default_grain")]
    pub grain: Option<String>,
    #[serde(default)]
    pub table_name: Option<String>,
    #[serde(default)]
    pub tables: Option<Vec<String>>,
    #[serde(default)]
    pub expression: Option<String>,
    #[serde(default)]
    pub time_column: Option<String>,
    #[serde(default)]
    pub dimensions: Option<Vec<String>>,
    #[serde(default)]
    pub filters: Option<Vec<String>>,
    #[serde(default)]
    pub synonyms: Option<Vec<String>>,
    #[serde(default)]
    pub notes: Option<Vec<String>>,
    pub sql: String,
    /// Further statements by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub sql_variants: Option<Map<String, Value>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub validation: Option<Map<String, Value>>,
    /// `manual` if absent.
    #[serde(default = "default_source")]
    pub source: Option<String>,
}

pub fn default_type() -> Option<String> {
    Some("sum".into())
}

pub fn default_grain() -> Option<String> {
    Some("monthly".into())
}

pub fn default_source() -> Option<String> {
    Some("manual".into())
}

/// `DELETE /api/admin/metrics/{id}`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MetricDeleted {
    pub status: String,
    pub id: String,
}

/// Form of `POST /api/admin/metrics/import`, which is read field by field.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct ImportForm {
    /// A YAML document; may be repeated. The folder in its name is the category of metrics that name none.
    #[schema(value_type = String, format = Binary, content_media_type = "application/yaml")]
    file: Vec<u8>,
}

/// `POST /api/admin/metrics/import`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MetricsImported {
    pub status: String,
    pub count: usize,
}

/// `POST /api/metrics/{id}`: how the figure is broken down, and which rows count.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Breakdown {
    /// Dimensions of the metric.
    #[serde(default)]
    pub by: Vec<String>,
    /// The length of the periods; one figure for all time if absent.
    #[serde(default)]
    pub grain: Option<Grain>,
    /// A predicate over the columns of the metric's table, without `WHERE`; the metric's own filters hold, too.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
}

impl Breakdown {
    pub fn is_empty(&self) -> bool {
        self.by.is_empty() && self.grain.is_none() && self.predicate.is_none()
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, strum::Display, strum::EnumString, ToSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Grain {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The answer to [`Breakdown`].
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MetricStatement {
    pub id: String,
    /// A `SELECT` for `POST /api/query`.
    pub sql: String,
}
