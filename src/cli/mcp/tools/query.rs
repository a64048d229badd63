//! `query`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::here;
use super::result::{Collected, ResultRows};
use crate::cli::Context;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};
use crate::cli::query::{Decision, Scope, Statement, decide, local, remote};
use crate::query::{self, Reading};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// One SELECT in DuckDB's SQL, over tables as search_catalog and list_tables name them, and snapshots. FROM t, DESCRIBE t,
    /// SUMMARIZE t, SHOW TABLES and PIVOT work, too. Nothing can be changed, and no files can be read by name
    sql: String,
    /// Where to run it; auto unless there is a reason
    #[serde(default = "auto")]
    scope: Scope,
    /// How many rows may come back
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u64,
}

pub fn auto() -> Scope {
    Scope::Auto
}

fn default_limit() -> u64 {
    100
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct QueryResult {
    #[serde(flatten)]
    rows: ResultRows,
    #[serde(flatten)]
    place: Place,
}

/// Where a statement ran.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Place {
    /// Where it ran: local (pulled copies) or remote (the server)
    ran: Ran,
    /// Why there
    why: String,
}

#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Ran {
    Local,
    Remote,
}

impl Place {
    pub fn new(decision: Decision) -> Self {
        Self { ran: if decision.is_remote { Ran::Remote } else { Ran::Local }, why: decision.reason }
    }

    /// `It ran on the pulled tables: …`
    pub fn summary(&self) -> String {
        let place = match self.ran {
            Ran::Local => "on the pulled tables",
            Ran::Remote => "on the server",
        };
        format!("It ran {place}: {}.", self.why)
    }
}

impl Tool for Query {
    const NAME: &str = "query";
    const TITLE: &str = "Query tables with SQL";
    const DESCRIPTION: &str = "\
Runs one SELECT and returns its rows. With scope auto it runs on pulled copies in the workspace if they are as current as on the server, \
and else on the server; the result says which and why. Look at a table with describe_table before you query it, and prefer run_metric \
for figures that a metric defines. At most 1000 rows and about 60,000 characters come back, and the result says if rows were cut off: \
aggregate in SQL rather than reading many rows, or write them into a file with query_to_file.";
    type Data = QueryResult;

    fn run(self, call: &Call) -> anyhow::Result<Answer<QueryResult>> {
        let limit = within("limit", self.limit, 1..=1000)?;
        let plan = Plan::make(&self.sql, self.scope, &call.context)?;
        let (rows, count) = (Collected::default(), usize::try_from(limit)?);
        let (kept, is_cut) = match &plan.reading {
            None => remote::pass(&Statement::Sql(&self.sql), count, rows, &call.context)?,
            Some(reading) => {
                let (connection, sql) = here::open(reading, call)?;
                call.on(&connection, |connection| local::pass(connection, &sql, count, rows))?
            }
        };
        let (rows, place) = (ResultRows::new(kept, is_cut, limit), Place::new(plan.decision));
        let summary = format!("{} {}", rows.summary(), place.summary());
        Ok(Answer::new(summary, QueryResult { rows, place }))
    }
}

/// How a statement runs.
pub struct Plan {
    /// Of a statement that runs here.
    pub reading: Option<Reading>,
    pub decision: Decision,
}

impl Plan {
    pub fn make(sql: &str, scope: Scope, context: &Context) -> anyhow::Result<Self> {
        let asked = Decision::asked(scope);
        if let Some(decision @ Decision { is_remote: true, .. }) = asked {
            return Ok(Self { reading: None, decision });
        }
        let reading = context.block_on(query::read(sql))?.map_err(here::unreadable)?;
        let decision = match asked {
            Some(decision) => decision,
            None => decide(reading.outline(), context)?,
        };
        let reading = (!decision.is_remote).then_some(reading);
        Ok(Self { reading, decision })
    }
}
