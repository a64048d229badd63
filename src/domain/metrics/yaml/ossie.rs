//! Metrics of semantic models in the format of Apache Ossie, formerly Open Semantic Interchange:
//! <https://github.com/apache/ossie/blob/main/core-spec/spec.md>, version 0.2.

use serde::Deserialize;
use serde_json::Value;

use super::IMPORTED;
use crate::protocol::metrics::{MetricDefinition, default_grain};

#[derive(Deserialize)]
pub struct Model {
    name: String,
    #[serde(default)]
    datasets: Vec<Dataset>,
    #[serde(default)]
    metrics: Option<Vec<Metric>>,
}

#[derive(Deserialize)]
struct Dataset {
    name: String,
    #[serde(default)]
    fields: Option<Vec<Field>>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    dimension: Option<Dimension>,
}

#[derive(Deserialize)]
struct Dimension {
    #[serde(default)]
    is_time: bool,
}

#[derive(Deserialize)]
struct Metric {
    name: String,
    expression: Expression,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    ai_context: Option<Value>,
}

#[derive(Deserialize)]
struct Expression {
    dialects: Vec<Dialect>,
}

#[derive(Deserialize)]
struct Dialect {
    dialect: String,
    expression: String,
}

impl Model {
    /// Its metrics. The model is the category unless the document lies in a folder.
    pub fn metrics(&self, folder: Option<&str>) -> Vec<MetricDefinition> {
        let category = folder.unwrap_or(&self.name);
        self.metrics.iter().flatten().map(|metric| self.definition(metric, category)).collect()
    }

    fn definition(&self, metric: &Metric, category: &str) -> MetricDefinition {
        let standard = metric.expression.dialects.iter().find(|it| it.dialect == "ANSI_SQL");
        let expression = standard.map(|it| it.expression.clone());
        let (tables, only) = self.read_by(expression.as_deref().unwrap_or_default());
        let fields = only.and_then(|dataset| dataset.fields.as_ref());
        let (times, dimensions): (Vec<&Field>, Vec<_>) = fields
            .into_iter()
            .flatten()
            .filter(|field| field.dimension.is_some())
            .partition(|field| field.dimension.as_ref().is_some_and(|dimension| dimension.is_time));
        let name = |field: &&Field| field.name.clone();
        MetricDefinition {
            id: format!("{category}/{}", metric.name),
            name: metric.name.clone(),
            display_name: metric.name.clone(),
            category: category.to_owned(),
            description: metric.description.clone(),
            // The format does not say how its figures behave.
            kind: None,
            unit: None,
            grain: default_grain(),
            table_name: only.map(|dataset| dataset.name.clone()),
            tables: only.is_none().then_some(tables),
            expression,
            time_column: times.first().map(name),
            dimensions: fields.map(|_| dimensions.iter().map(name).collect()),
            filters: None,
            synonyms: metric.ai_context.as_ref().map(synonyms).filter(|synonyms| !synonyms.is_empty()),
            notes: metric.ai_context.as_ref().and_then(instructions).map(|text| vec![text]),
            sql: String::new(),
            sql_variants: None,
            validation: None,
            source: Some(IMPORTED.into()),
        }
    }

    /// The datasets that an expression names as `dataset.field`, and the only one if it is one.
    fn read_by(&self, expression: &str) -> (Vec<String>, Option<&Dataset>) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let names = |dataset: &&Dataset| {
            expression.match_indices(&format!("{}.", dataset.name)).any(|(at, _)| !expression[..at].ends_with(is_word))
        };
        let read: Vec<&Dataset> = match self.datasets.as_slice() {
            [only] => vec![only],
            datasets => datasets.iter().filter(names).collect(),
        };
        let only = if let [only] = read.as_slice() { Some(*only) } else { None };
        (read.iter().map(|dataset| dataset.name.clone()).collect(), only)
    }
}

fn synonyms(context: &Value) -> Vec<String> {
    let synonyms = context["synonyms"].as_array().into_iter().flatten();
    synonyms.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn instructions(context: &Value) -> Option<String> {
    context.as_str().or_else(|| context["instructions"].as_str()).map(str::to_owned)
}
