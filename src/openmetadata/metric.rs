//! Metrics of OpenMetadata, in the terms of metric definitions here.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Selection;
use super::model::{Owner, Tag, names, or_default, tagged};
use super::text::{one_line, plain};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    display_name: String,
    #[serde(default, deserialize_with = "or_default")]
    fully_qualified_name: String,
    #[serde(default, deserialize_with = "or_default")]
    description: String,
    #[serde(default, deserialize_with = "or_default")]
    granularity: String,
    #[serde(default, deserialize_with = "or_default")]
    metric_type: String,
    #[serde(default, deserialize_with = "or_default")]
    unit_of_measurement: String,
    /// An object with `code`, or a text.
    #[serde(default)]
    metric_expression: Value,
    #[serde(default, deserialize_with = "or_default")]
    expression: String,
    #[serde(default, deserialize_with = "or_default")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "or_default")]
    owners: Vec<Owner>,
    /// Only if they were asked for.
    #[serde(default, deserialize_with = "or_default")]
    data_products: Vec<DataProduct>,
}

#[derive(Deserialize)]
struct DataProduct {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
}

/// A metric as it is exported. What it does not have is empty.
#[derive(Debug)]
pub struct CatalogMetric {
    pub fqn: String,
    /// Its page, for people.
    pub url: Url,
    pub name: String,
    pub display_name: String,
    pub category: String,
    pub kind: String,
    pub unit: String,
    pub grain: String,
    pub expression: String,
    pub description: String,
    pub dimensions: Vec<String>,
    pub notes: Vec<String>,
}

impl Metric {
    pub fn is_in(&self, selection: &Selection) -> bool {
        match selection {
            Selection::All => true,
            Selection::Tag(fqn) => self.tags.iter().any(|tag| tag.fqn == *fqn),
            Selection::DataProduct(name) => self.data_products.iter().any(|product| product.name == *name),
        }
    }

    /// The fully qualified name; that of a metric is its name.
    pub fn fqn(&self) -> &str {
        filled([self.fully_qualified_name.as_str(), &self.name])
    }
}

impl CatalogMetric {
    pub fn new(metric: Metric, url: Url) -> Self {
        let tag = |group: &str| tagged(&metric.tags, group).next().unwrap_or_default();
        let category = |tag: &Tag| {
            let (group, category) = tag.fqn.split_once('.')?;
            ["MetricCategory", "Category"].contains(&group).then(|| one_line(category))
        };
        let category = metric.tags.iter().find_map(category).filter(|category| !category.is_empty());
        let expression = &metric.metric_expression;
        let code = ["code", "expression"].map(|key| expression[key].as_str().unwrap_or_default());
        let expression = [code[0], code[1], expression.as_str().unwrap_or_default(), &metric.expression];
        let source = &metric.fully_qualified_name;
        let source = (!source.is_empty()).then(|| format!("Source: OpenMetadata catalog (FQN: {source})"));
        let name = one_line(&metric.name);
        Self {
            fqn: metric.fqn().to_owned(),
            url,
            display_name: filled([one_line(&metric.display_name).as_str(), &name]).to_owned(),
            category: category.unwrap_or_else(|| "general".into()),
            kind: filled([metric.metric_type.as_str(), tag("MetricType")]).to_lowercase(),
            unit: filled([metric.unit_of_measurement.as_str(), tag("Unit")]).to_owned(),
            grain: filled([metric.granularity.as_str(), tag("Grain")]).to_lowercase(),
            expression: filled(expression).to_owned(),
            description: plain(&metric.description),
            dimensions: tagged(&metric.tags, "Dimension").map(str::to_owned).collect(),
            notes: source.into_iter().chain(owners(metric.owners)).collect(),
            name,
        }
    }
}

fn owners(owners: Vec<Owner>) -> Option<String> {
    let names = names(owners);
    (!names.is_empty()).then(|| format!("Owners: {}", names.join(", ")))
}

/// The first that is not blank.
fn filled<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}
