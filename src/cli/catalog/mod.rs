//! `agnes catalog`

mod metrics;
mod tables;

use super::{Context, Output, Run};

/// List the tables you may read, and the metrics that are defined on them
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Catalog {
    /// Let the server look again instead of answering from what it remembers
    #[arg(long)]
    refresh: bool,
    /// Add rows, size, columns, freshness and description
    #[arg(long, short)]
    long: bool,
    /// List the metrics instead of the tables
    #[arg(long)]
    metrics: bool,
    /// Show one metric: its SQL, unit, grain, and what else it is called
    #[arg(long, value_name = "ID")]
    show: Option<String>,
}

const AFTER_HELP: &str = "\
From a question to a number:
  agnes catalog --long               which tables there are, what they hold, how large and how fresh they are
  agnes schema orders                the columns of one, with types and descriptions
  agnes describe orders -n 5         its columns, and a few rows
  agnes catalog --metrics            figures that the company has defined, such as revenue: prefer them to your own
  agnes catalog --metrics --show finance/revenue
                                     one definition, with the SQL to run
  agnes query \"SELECT …\"             on the tables that `agnes pull` downloads (MODE local or materialized)
  agnes query --remote \"SELECT …\"    the same on the server, without a download
  agnes snapshot create orders --select id,amount --where \"amount > 100\" --as big_orders
                                     a part of a table that is too large to pull, or stays at its source (MODE remote)

For programs:
  agnes catalog --json               {\"tables\": [{\"id\", \"name\", \"description\", \"query_mode\", \"sql_flavor\", \"rows\", …}], …}
  agnes catalog --json | jq -r '.tables[].id'
  agnes catalog --metrics --json     [{\"id\", \"display_name\", \"description\", \"unit\", \"sql\", …}]";

impl Run for Catalog {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        match &self.show {
            Some(id) => metrics::show(id, context),
            None if self.metrics => metrics::list(self.long, context),
            None => tables::list(self.refresh, self.long, context),
        }
    }
}
