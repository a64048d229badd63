//! `agnes catalog`

pub(super) mod metrics;
pub(super) mod search;
pub(super) mod tables;

use super::{Context, Output, Run};

/// List the tables you may read, and the metrics that are defined on them
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Catalog {
    #[command(subcommand)]
    command: Option<CatalogCommand>,
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

#[derive(clap::Subcommand, Debug)]
enum CatalogCommand {
    Search(search::Search),
}

const AFTER_HELP: &str = "\
From a question to a number:
  agnes catalog search delay by airline
                                     the tables, columns and metrics that fit, the best first
  agnes catalog --long               the tables: what they hold, how large and how fresh they are
  agnes schema orders                the columns of one, with types and descriptions
  agnes describe orders -n 5         its columns, and a few rows
  agnes catalog --metrics            figures that the company has defined: prefer them to your own
  agnes catalog --metrics --show finance/revenue
                                     one definition, with the SQL to run
  agnes metric run finance/revenue --by country --grain month
                                     its values, computed on the server
  agnes query \"SELECT …\"             on what `agnes pull` downloads: MODE local or materialized
  agnes query --remote \"SELECT …\"    the same on the server, without a download
  agnes snapshot create orders --select id,amount --where \"amount > 100\" --as big_orders
                                     a part of a table that is large, or stays at its source:
                                     MODE remote

For programs:
  agnes catalog --json               {\"tables\": [{\"id\", \"description\", \"query_mode\", …}], …}
  agnes catalog --json | jq -r '.tables[].id'
  agnes catalog --metrics --json     [{\"id\", \"display_name\", \"unit\", \"sql\", …}]";

impl Run for Catalog {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if let Some(CatalogCommand::Search(search)) = &self.command {
            return search::run(search, context);
        }
        match &self.show {
            Some(id) => metrics::show(id, context),
            None if self.metrics => metrics::list(self.long, context),
            None => tables::list(self.refresh, self.long, context),
        }
    }
}
