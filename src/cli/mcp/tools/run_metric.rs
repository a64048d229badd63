//! `run_metric`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::result::{Collected, ResultRows};
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};
use crate::cli::metric::{GrainOption, compile};
use crate::cli::query::{Statement, remote};
use crate::protocol::metrics::Breakdown;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunMetric {
    /// Id of a metric, as search_catalog and list_metrics show it, such as revenue/mrr
    id: String,
    /// Dimensions to break it down by, of those that the metric has
    #[serde(default)]
    by: Vec<String>,
    /// Length of the periods to break it down by; one figure for all time if it is left out
    #[serde(default)]
    grain: Option<GrainOption>,
    /// Compute it only from the rows for which this holds: a predicate over the columns of its table, without WHERE, such as
    /// plan <> 'trial'. The metric's own filters hold, too
    #[serde(default, rename = "where")]
    predicate: Option<String>,
    /// How many rows may come back
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u64,
}

fn default_limit() -> u64 {
    100
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Computed {
    #[serde(flatten)]
    rows: ResultRows,
    /// The statement that was run, for a reader who wants to check the figure
    sql: String,
}

impl Tool for RunMetric {
    const NAME: &str = "run_metric";
    const TITLE: &str = "Compute a metric";
    const DESCRIPTION: &str = "\
Computes a metric by its definition, on the server and with the rights of the person, broken down by dimensions and by periods of time. \
Prefer it to SQL of your own for a figure that a metric defines. Returns rows, and the SQL that was run.";
    type Data = Computed;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Computed>> {
        let limit = within("limit", self.limit, 1..=1000)?;
        let breakdown = Breakdown { by: self.by, grain: self.grain.map(Into::into), predicate: self.predicate };
        let sql = compile(&self.id, &breakdown, &call.context.api()?)?.body.sql;
        let (statement, limited) = (Statement::Sql(&sql), usize::try_from(limit)?);
        let (kept, is_cut) = remote::pass(&statement, limited, Collected::default(), &call.context)?;
        let rows = ResultRows::new(kept, is_cut, limit);
        Ok(Answer::new(rows.summary(), Computed { rows, sql }))
    }
}
