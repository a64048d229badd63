//! The metrics.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::api::Response;
use crate::cli::{Api, CliError, Context, Output};
use crate::protocol::metrics::Metric;
use crate::query::most_similar;

/// The response, which is a bare array in some versions.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Named { metrics: Vec<Metric> },
    Bare(Vec<Metric>),
}

impl Listed {
    fn metrics(self) -> Vec<Metric> {
        match self {
            Self::Named { metrics } | Self::Bare(metrics) => metrics,
        }
    }
}

/// All metrics. Their JSON is as it was sent, with fields that this version does not know.
pub fn all(api: &Api) -> Result<Response<Vec<Metric>>, CliError> {
    let mut response = api.get::<Listed>(&["api", "metrics"], &[])?;
    let json = response.json.get_mut("metrics").map(serde_json::Value::take).unwrap_or(response.json);
    Ok(Response { body: response.body.metrics(), json })
}

/// One metric.
pub fn one(id: &str, api: &Api) -> Result<Response<Metric>, CliError> {
    let path: Vec<&str> = ["api", "metrics"].into_iter().chain(id.split('/')).collect();
    api.try_get::<Metric>(&path, &[]).map_err(|error| match error.status() {
        Some(404) => not_found(id, api),
        _ => CliError::failed(error),
    })
}

/// All metrics, by category.
pub fn list(long: bool, context: &Context) -> anyhow::Result<Output> {
    let Response { body, json } = all(&context.api()?)?;
    let mut categories = BTreeMap::<String, Vec<Metric>>::new();
    for metric in body {
        categories.entry(metric.category.clone()).or_default().push(metric);
    }
    if categories.is_empty() {
        return Output::message("No metrics found.").json(&json);
    }
    let mut output = Output::default();
    for (category, metrics) in &categories {
        output = output.line("").line(format_args!("[{category}]"));
        for metric in metrics {
            output = output.line(line(metric));
            if let Some(description) = metric.description.as_deref().filter(|_| long) {
                output = output.line(format_args!("  {:30} {description}", ""));
            }
        }
    }
    output.note("One definition, with its SQL: agnes catalog --metrics --show CATEGORY/NAME").json(&json)
}

/// `  revenue                        Revenue (CZK)`, and the id where it is not the usual one.
fn line(metric: &Metric) -> String {
    let unit = metric.unit.as_deref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    let is_usual = metric.id.split_once('/') == Some((&metric.category, &metric.name));
    let id = if is_usual { String::new() } else { format!("  id={}", metric.id) };
    format!("  {:30} {}{unit}{id}", metric.name, metric.display_name)
}

pub fn show(id: &str, context: &Context) -> anyhow::Result<Output> {
    let metric = one(id, &context.api()?)?;
    describe(&metric.body).json(&metric.json)
}

fn not_found(id: &str, api: &Api) -> CliError {
    let error = CliError::bare("not_found", format!("Metric not found: {id}")).status(404);
    let listed = all(api).map(|listed| listed.body).unwrap_or_default();
    match meant(id, &listed) {
        Some(meant) => error.hint(format!("Did you mean {meant}? All of them: agnes catalog --metrics")),
        None => error.hint("All of them: agnes catalog --metrics. For a table: agnes schema TABLE"),
    }
}

/// The id of the metric that somebody may have meant by its name, its title, a synonym, or with a typing error.
fn meant(typed: &str, metrics: &[Metric]) -> Option<String> {
    let is_called = |metric: &&Metric| {
        let synonyms = metric.synonyms.iter().flatten();
        synonyms.chain([&metric.name, &metric.display_name]).any(|name| name.eq_ignore_ascii_case(typed))
    };
    let called = metrics.iter().find(is_called).map(|metric| metric.id.clone());
    called.or_else(|| most_similar(metrics.iter().map(|metric| metric.id.as_str()), typed))
}

fn describe(metric: &Metric) -> Output {
    let joined = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(", ")).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let always = [
        ("ID:", metric.id.clone()),
        ("Name:", metric.name.clone()),
        ("Display Name:", metric.display_name.clone()),
        ("Category:", metric.category.clone()),
        ("Type:", text(&metric.kind)),
    ];
    let if_set = [
        ("Unit:", text(&metric.unit)),
        ("Grain:", text(&metric.grain)),
        ("Table:", text(&metric.table_name)),
        ("Tables:", joined(&metric.tables)),
        ("Expression:", text(&metric.expression)),
        ("Time Column:", text(&metric.time_column)),
        ("Dimensions:", joined(&metric.dimensions)),
        ("Filters:", joined(&metric.filters)),
        ("Description:", text(&metric.description)),
    ];
    let at_end = [("Synonyms:", joined(&metric.synonyms)), ("Notes:", joined(&metric.notes))];
    let set = |fields: &[(&'static str, String)]| {
        fields.iter().filter(|(_, value)| !value.is_empty()).cloned().collect::<Vec<_>>()
    };
    let mut output = labelled(Output::default(), &always);
    output = labelled(output, &set(&if_set));
    if !metric.sql.is_empty() {
        output = metric.sql.lines().fold(output.line("SQL:"), |output, line| output.line(format_args!("  {line}")));
    }
    labelled(output, &set(&at_end))
}

fn labelled(output: Output, fields: &[(&str, String)]) -> Output {
    fields
        .iter()
        .fold(output, |output, (label, value)| output.line(format_args!("{label:<14}{value}").to_string().trim_end()))
}
