//! `agnes snapshot create`

use super::fetch::fetch;
use super::install::{self, Replace, install};
use super::meta::{Meta, Origin};
use super::{estimate, naming, stored};
use crate::base::text::thousands;
use crate::cli::workspace::Workspace;
use crate::cli::{Api, CliError, Context, Output, Run, exit, v2};
use crate::client::ClientError;
use crate::protocol::v2::{ScanEstimate, ScanRequest};

/// Fetch a part of a table into this workspace, to query it like a table
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  agnes snapshot create orders --estimate
  agnes snapshot create orders --select id,amount --where \"amount > 100\" --as big_orders
  agnes query \"SELECT sum(amount) FROM big_orders\"

The predicate is in the dialect that `agnes catalog` shows as FLAVOR. See the columns with
`agnes schema TABLE`.")]
pub struct Create {
    /// Id of the table, as `agnes catalog` shows it
    table: String,
    /// Columns, separated by commas [default: all]
    #[arg(long, value_name = "COLUMNS")]
    select: Option<String>,
    /// Only rows for which this holds, e.g. "amount > 100 AND country = 'CZ'"
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,
    /// Most rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    limit: Option<i64>,
    /// Columns to sort by, separated by commas, each with an optional ASC or DESC
    #[arg(long, value_name = "COLUMNS")]
    order_by: Option<String>,
    /// Name of the snapshot [default: the id of the table]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Only show what the server would read and return
    #[arg(long)]
    estimate: bool,
    /// Do not ask for an estimate first
    #[arg(long)]
    no_estimate: bool,
    /// Replace a snapshot of this name, or hide a pulled table of this name
    #[arg(long)]
    force: bool,
}

impl Run for Create {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let name = self.name.as_deref().unwrap_or(&self.table);
        naming::check(name, self.name.is_some())?;
        let workspace = Workspace::locate(context, false)?;
        if !self.estimate && !workspace.database().exists() {
            return Err(CliError::bare("no_data", "Local DuckDB not found. Run: agnes pull first.").into());
        }
        let replaces_table = !self.estimate && naming::settle(name, self.force, &workspace)?;
        let (api, request) = (context.api()?, self.request());
        let estimate = if self.no_estimate { None } else { Some(self.estimate(&request, &api)?) };
        let lines = estimate.as_ref().map(|estimate| estimate::lines(&self.table, estimate)).unwrap_or_default();
        if self.estimate {
            let output = lines.iter().fold(Output::default(), Output::line);
            return output.json(&estimate);
        }
        if !context.printer.is_json {
            lines.iter().try_for_each(|line| context.printer.line(line))?;
        }
        if let Some(there) = stored::read(&workspace, name)?.filter(|_| !self.force) {
            return Err(install::exists(&there).into());
        }
        let scan_bytes = estimate.map_or(0, |estimate| estimate.estimated_scan_bytes);
        let (origin, refused) = (Origin::new(request, replaces_table), |error| self.refused("fetch", error, &api));
        let fetched = fetch(name, origin, &workspace, &api, context, refused)?;
        let replace = if self.force { Replace::IfThere } else { Replace::Never };
        let meta = install(name, fetched, scan_bytes, replace, &workspace, context)?;
        result(Output::message(format_args!("Fetched {} rows -> {name}", thousands(meta.rows))), &meta)
    }
}

/// With a warning about rows that the server left out.
pub fn result(output: Output, meta: &Meta) -> anyhow::Result<Output> {
    let output = output.json(meta)?;
    if !meta.origin.truncated {
        return Ok(output);
    }
    let note = "(truncated: the server leaves out what exceeds its limit; narrow it down with --where or --select)";
    Ok(output.remark(note).exit(exit::PARTIAL))
}

impl Create {
    fn request(&self) -> ScanRequest {
        let list = |text: &Option<String>| {
            let items = text.as_deref()?.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.map(str::to_owned).collect::<Vec<_>>()).filter(|items| !items.is_empty())
        };
        ScanRequest {
            table_id: self.table.clone(),
            select: list(&self.select),
            predicate: self.predicate.clone(),
            limit: self.limit,
            order_by: list(&self.order_by),
        }
    }

    fn estimate(&self, request: &ScanRequest, api: &Api) -> Result<ScanEstimate, CliError> {
        let estimate = api.block_on(async |client| client.estimate_scan(request).await);
        estimate.map_err(|error| self.refused("estimate", error, api))
    }

    fn refused(&self, what: &str, error: ClientError, api: &Api) -> CliError {
        let (status, retry_after) = (error.status(), error.retry_after());
        let error = v2::refused(what, &self.table, error, code, api);
        match (status, retry_after) {
            (Some(400), _) if error.hint.is_none() => error.hint(format!("Columns: agnes schema {}", self.table)),
            (Some(429), Some(delay)) if error.hint.is_none() => {
                error.hint(format!("Try again in {} seconds.", delay.as_secs()))
            }
            _ => error,
        }
    }
}

/// The exit code for an error status.
fn code(status: u16) -> u8 {
    match status {
        400 => exit::USAGE,
        401 => exit::NO_SERVER,
        403 | 404 => exit::DENIED,
        429 => exit::QUOTA,
        500.. => exit::SERVER_FAILED,
        _ => exit::OTHER_STATUS,
    }
}
