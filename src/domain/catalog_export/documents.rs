//! The texts of the files. Names and descriptions come from outside: YAML is written by a library, and a comment has no
//! line breaks.

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::base::time;
use crate::openmetadata::{CatalogMetric, CatalogTable};

/// First line of every file that an export may replace or remove.
pub const MARKER: &str = "# AUTO-GENERATED from OpenMetadata catalog";

/// The order of the fields is that of the file.
#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    display_name: &'a str,
    category: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    unit: &'a str,
    grain: &'a str,
    /// OpenMetadata does not say this, nor the table; the fields are there to be filled in.
    time_column: &'a str,
    table: &'a str,
    expression: &'a str,
    description: &'a str,
    dimensions: &'a [String],
    notes: &'a [String],
    synonyms: [&'a str; 0],
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    fqn: &'a str,
    description: &'a str,
    owners: &'a [String],
    tags: &'a [String],
    tier: &'a str,
    columns: Vec<Column<'a>>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct Index<'a> {
    metrics: &'a [Listed<'a>],
}

/// An entry of the index.
#[derive(Serialize)]
pub struct Listed<'a> {
    name: &'a str,
    display_name: &'a str,
    category: &'a str,
    grain: &'a str,
    file: String,
}

impl<'a> Listed<'a> {
    pub fn new(metric: &'a CatalogMetric, file: String) -> Self {
        let CatalogMetric { name, display_name, category, grain, .. } = metric;
        Self { name, display_name, category, grain, file }
    }
}

/// A list with one metric, which can be imported.
pub fn metric(metric: &CatalogMetric, at: Timestamp) -> std::io::Result<String> {
    let document = [Metric {
        name: &metric.name,
        display_name: &metric.display_name,
        category: &metric.category,
        kind: &metric.kind,
        unit: &metric.unit,
        grain: &metric.grain,
        time_column: "",
        table: "",
        expression: &metric.expression,
        description: &metric.description,
        dimensions: &metric.dimensions,
        notes: &metric.notes,
        synonyms: [],
    }];
    Ok(head(&metric.url, &metric.fqn, at) + &yaml(&document)?)
}

pub fn table(name: &str, table: &CatalogTable, at: Timestamp) -> std::io::Result<String> {
    let columns = table.columns.iter().map(|column| Column {
        name: &column.name,
        kind: &column.data_type,
        description: &column.description,
    });
    let document = Table {
        name,
        fqn: &table.fqn,
        description: &table.description,
        owners: &table.owners,
        tags: &table.tags,
        tier: &table.tier,
        columns: columns.collect(),
    };
    Ok(head(&table.url, &table.fqn, at) + &yaml(&document)?)
}

/// The list of all metrics of an export.
pub fn index(metrics: &[Listed<'_>]) -> std::io::Result<String> {
    Ok(format!("{MARKER}\n{}", yaml(&Index { metrics })?))
}

fn yaml(document: &impl Serialize) -> std::io::Result<String> {
    serde_saphyr::to_string(document).map_err(std::io::Error::other)
}

fn head(url: &Url, fqn: &str, at: Timestamp) -> String {
    let at = time::civil(at).strftime("%Y-%m-%dT%H:%M:%SZ");
    // Also the line breaks of YAML 1.1, which are not control characters.
    let fqn = fqn.replace(|c: char| c.is_control() || ['\u{2028}', '\u{2029}', '\u{feff}'].contains(&c), " ");
    format!(
        "{MARKER}\n# Source: {url}\n# Generated: {at}\n# Do not edit: the next export replaces this file.\n# FQN: {fqn}\n"
    )
}
