//! `list_metrics` and `show_metric`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page;
use crate::cli::catalog::metrics;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};
use crate::protocol::metrics::Metric;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMetrics {
    /// How many metrics may come back
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 200))]
    limit: u64,
    /// How many metrics to leave out
    #[serde(default)]
    offset: u64,
}

fn default_limit() -> u64 {
    50
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Listed {
    metrics: Vec<ListedMetric>,
    /// How many there are in all
    total: usize,
    /// The offset of the next page, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ListedMetric {
    /// What show_metric and run_metric take
    id: String,
    display_name: String,
    description: Option<String>,
    unit: Option<String>,
    /// The table that it is computed from
    table: Option<String>,
    /// What it can be broken down by
    dimensions: Vec<String>,
}

impl From<Metric> for ListedMetric {
    fn from(metric: Metric) -> Self {
        let Metric { id, display_name, description, unit, table_name, dimensions, .. } = metric;
        Self { id, display_name, description, unit, table: table_name, dimensions: dimensions.unwrap_or_default() }
    }
}

impl Tool for ListMetrics {
    const NAME: &str = "list_metrics";
    const TITLE: &str = "List metrics";
    const DESCRIPTION: &str = "\
Lists the metrics whose tables the person may read: figures such as revenue, whose computation the company has agreed on. Prefer them \
to SQL of your own.";
    type Data = Listed;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Listed>> {
        let limit = within("limit", self.limit, 1..=200)?;
        let all = metrics::all(&call.context.api()?)?.body;
        let all: Vec<ListedMetric> = all.into_iter().map(Into::into).collect();
        let total = all.len();
        let (metrics, next_offset) = page(all, self.offset, limit)?;
        let summary = match next_offset {
            Some(next) => format!("{} of {total} metrics; the next ones: offset {next}.", metrics.len()),
            None => format!("{} of {total} metrics.", metrics.len()),
        };
        Ok(Answer::new(summary, Listed { metrics, total, next_offset }))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowMetric {
    /// Id of a metric, as search_catalog and list_metrics show it, such as revenue/mrr
    id: String,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Shown {
    /// Expression, table, filters that always apply, time column, dimensions, unit, notes
    metric: Value,
}

impl Tool for ShowMetric {
    const NAME: &str = "show_metric";
    const TITLE: &str = "Show how a metric is defined";
    const DESCRIPTION: &str = "\
Shows the definition of one metric: expression, table, filters that belong to it, time column, dimensions, unit and notes. run_metric \
computes it.";
    type Data = Shown;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Shown>> {
        let metric = metrics::one(&self.id, &call.context.api()?)?;
        let summary = format!("{}: {}.", metric.body.id, metric.body.display_name);
        Ok(Answer::new(summary, Shown { metric: metric.json }))
    }
}
