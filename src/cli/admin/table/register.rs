use reqwest::Method;

use super::fields::{Fields, query_mode};
use crate::cli::{Api, CliError, Context, Output, Run};
use crate::protocol::registry::{Precheck, RegisterTable, Registered};
use crate::protocol::vocabulary::{QueryMode, SourceType};

/// Register a table
#[derive(clap::Args, Debug)]
pub struct Register {
    /// Name of the table in queries
    name: String,
    /// Type of the data source
    #[arg(long, default_value_t = SourceType::KEBOOLA)]
    source_type: SourceType,
    /// `local` (copied here) or `materialized` (result of --query)
    #[arg(long, default_value_t = QueryMode::Local, value_parser = query_mode())]
    query_mode: QueryMode,
    /// Only check whether it could be registered
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    fields: Box<Fields>,
}

impl Run for Register {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let Self { name, source_type, query_mode, dry_run, fields } = self;
        let source_query = fields.source_query()?;
        if query_mode == QueryMode::Materialized && source_query.is_none() {
            return Err(CliError::usage("a materialized table needs --query").into());
        }
        let primary_key = fields.primary_key();
        let request = RegisterTable {
            source_table: Some(fields.source_table.unwrap_or_else(|| name.clone())),
            name,
            source_type: Some(source_type),
            bucket: fields.bucket,
            source_query,
            query_mode: Some(query_mode.clone()),
            sync_schedule: fields.sync_schedule,
            sync_strategy: fields.sync_strategy,
            sync_options: fields.sync_options.map(|options| *options),
            primary_key,
            folder: fields.folder,
            description: fields.description,
        };
        let api = context.api()?;
        if dry_run {
            return precheck(&api, &request);
        }
        let name = &request.name;
        let answer = api.try_send::<Registered>(Method::POST, &["api", "admin", "register-table"], &request);
        let table = match answer {
            Err(error) if error.status() == Some(409) => {
                return Ok(Output::message(format_args!("Already exists: {name}")));
            }
            answer => answer.map_err(CliError::failed)?,
        };
        let mut output = Output::message(format_args!("Registered: {}", table.body.name));
        if query_mode != QueryMode::Remote {
            output = output.note(format_args!("Fetch its data now with: agnes admin sync {name}"));
        }
        output
            .note(format_args!(
                "Nobody but admins may read it yet. Run: agnes admin grant create <group> table {}",
                table.body.id
            ))
            .json(&table.json)
    }
}

fn precheck(api: &Api, request: &RegisterTable) -> anyhow::Result<Output> {
    let answer = api
        .try_send::<Precheck>(Method::POST, &["api", "admin", "register-table", "precheck"], request)
        .map_err(|error| CliError::bare("precheck", format!("Precheck failed: {}", error.detail())))?;
    let table = answer.body.table;
    let mut output = Output::message("[DRY RUN] precheck OK");
    for (label, value) in [
        ("name", Some(table.name)),
        ("source_type", table.source_type.map(Into::into)),
        ("bucket", table.bucket),
        ("source_table", table.source_table),
        ("query_mode", table.query_mode.map(Into::into)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            output = output.line(format_args!("  {label}: {value}"));
        }
    }
    output.note(table.note).json(&answer.json)
}
