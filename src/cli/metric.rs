//! `agnes metric`

use clap::ValueEnum;
use reqwest::Method;
use schemars::JsonSchema;
use serde::Deserialize;

use super::api::Response;
use super::query::{Format, Statement, show_remote};
use super::{Api, CliError, Context, Output, Run, commands};
use crate::client::ClientError;
use crate::protocol::metrics::{Breakdown, Grain, MetricStatement};
use crate::protocol::query::DEFAULT_LIMIT;

commands! {
    Metric {
        Run(Compute),
    }
}

/// Compute a metric on the server
///
/// Its definition decides what is computed: the expression, the table and the filters. `agnes catalog --metrics` lists
/// metrics, and `--show ID` shows a definition.
#[derive(clap::Args, Debug)]
pub struct Compute {
    /// Id of the metric, such as revenue/mrr
    id: String,
    /// Dimensions to break it down by
    #[arg(long, value_name = "DIM,…", value_delimiter = ',')]
    by: Vec<String>,
    /// Length of the periods to break it down by
    #[arg(long, value_enum)]
    grain: Option<GrainOption>,
    /// Compute it from the rows for which this holds, such as "amount > 100": a predicate over columns of its table
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,
    /// Print the SQL instead of running it
    #[arg(long)]
    sql: bool,
    /// Format of the rows; --json stands for json, and makes errors JSON too
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Maximum number of rows [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum GrainOption {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl From<GrainOption> for Grain {
    fn from(grain: GrainOption) -> Self {
        match grain {
            GrainOption::Day => Self::Day,
            GrainOption::Week => Self::Week,
            GrainOption::Month => Self::Month,
            GrainOption::Quarter => Self::Quarter,
            GrainOption::Year => Self::Year,
        }
    }
}

impl Run for Compute {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let breakdown = Breakdown { by: self.by, grain: self.grain.map(Into::into), predicate: self.predicate };
        let statement = compile(&self.id, &breakdown, &context.api()?)?;
        if self.sql {
            return Output::script(&statement.body.sql).json(&statement.json);
        }
        let limit = usize::try_from(self.limit.map_or(DEFAULT_LIMIT, i64::from))?;
        let format = if context.printer.is_json { Format::Json } else { self.format };
        show_remote(&Statement::Sql(&statement.body.sql), limit, format, context)
    }
}

/// The statement that computes a metric.
pub fn compile(id: &str, breakdown: &Breakdown, api: &Api) -> Result<Response<MetricStatement>, CliError> {
    let path: Vec<&str> = ["api", "metrics"].into_iter().chain(id.split('/')).collect();
    api.try_send(Method::POST, &path, breakdown).map_err(|error| refused(id, error))
}

/// A refused predicate comes with its kind, and everything else as a text.
fn refused(id: &str, error: ClientError) -> CliError {
    if !matches!(&error, ClientError::Status { body, .. } if body["detail"].is_object()) {
        return CliError::failed(error);
    }
    let error = CliError::from(error);
    match error.hint {
        None => error.hint(format!("Its table: agnes catalog --metrics --show {id}; columns: agnes schema TABLE")),
        Some(_) => error,
    }
}
