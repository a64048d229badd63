//! Metric definitions as YAML: a mapping for a metric, or a list of them, or an Ossie document.

mod ossie;
mod reading;
mod writing;

pub use writing::write;

use serde_saphyr::{Options, UserMessageFormatter, options};

use self::reading::{Entry, Items};
use crate::protocol::metrics::{MetricDefinition, default_grain, default_type};

/// Source of metrics that were imported.
const IMPORTED: &str = "yaml_import";

/// Why a document was not read. The texts are the contract with existing clients.
#[derive(Debug, thiserror::Error)]
pub enum YamlError {
    #[error("Invalid YAML: {0}")]
    Invalid(String),
    #[error("Empty YAML file")]
    Empty,
    #[error("Each metric must have 'name' and 'category' fields: item {0} has not")]
    Unnamed(usize),
}

/// Reads the metrics of a document; those without a category get this one. What is not a mapping is skipped.
pub fn read(text: &str, category: Option<&str>) -> Result<Vec<MetricDefinition>, YamlError> {
    let items: Option<Items> =
        serde_saphyr::from_str_with_options(text, settings()).map_err(|error| YamlError::Invalid(told(&error)))?;
    let items = items.filter(|items| !items.is_empty()).ok_or(YamlError::Empty)?;
    let mut metrics = Vec::new();
    for (index, entry) in items.entries() {
        metrics.extend(entry.models.iter().flatten().flat_map(|model| model.metrics(category)));
        if entry.models.is_none() {
            metrics.push(definition(entry, category).ok_or(YamlError::Unnamed(index + 1))?);
        }
    }
    Ok(metrics)
}

fn settings() -> Options {
    options! { with_snippet: false, reject_unsupported_tags: true }
}

/// The reason on one line, with the position in the document.
fn told(error: &serde_saphyr::Error) -> String {
    error.render_with_formatter(&UserMessageFormatter).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn definition(entry: Entry, folder: Option<&str>) -> Option<MetricDefinition> {
    let filled = |text: &String| !text.is_empty();
    let name = entry.name.filter(filled)?;
    let category = entry.category.filter(filled).or_else(|| folder.map(str::to_owned))?;
    Some(MetricDefinition {
        id: entry.id.filter(filled).unwrap_or_else(|| format!("{category}/{name}")),
        display_name: entry.display_name.filter(filled).unwrap_or_else(|| name.clone()),
        name,
        category,
        description: entry.description,
        kind: entry.kind.unwrap_or_else(default_type),
        unit: entry.unit,
        grain: entry.grain.unwrap_or_else(default_grain),
        table_name: entry.table,
        tables: entry.tables,
        expression: entry.expression,
        time_column: entry.time_column,
        dimensions: entry.dimensions,
        filters: entry.filters,
        synonyms: entry.synonyms,
        notes: entry.notes,
        sql: entry.sql,
        sql_variants: entry.sql_variants,
        validation: entry.validation,
        source: Some(IMPORTED.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_pack() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/metrics");
        let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|it| it.path().is_file());
        let texts = files.map(|file| std::fs::read_to_string(file.path()).unwrap());
        let metrics: Vec<_> = texts.flat_map(|text| read(&text, None).unwrap()).collect();
        assert_eq!(metrics.len(), 11);
        assert!(metrics.iter().all(|metric| metric.expression.is_some() && metric.table_name.is_some()));
    }
}
