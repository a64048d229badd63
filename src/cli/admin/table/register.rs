use clap::builder::{PossibleValuesParser, TypedValueParser};
use reqwest::Method;
use serde_json::Value;

use super::format::{FormatOptions, as_options};
use crate::cli::admin::lookup;
use crate::cli::{Api, CliError, Context, Output, Run};
use crate::protocol::registry::{Precheck, RegisterTable, Registered, UpdateTable, Updated};
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};

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
    #[command(flatten)]
    format: Box<FormatOptions>,
}

impl Run for Register {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let Self { name, source_type, query_mode, dry_run, fields, format } = self;
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
            file_format: format.declaration()?,
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
    if let Some(format) = &request.file_format {
        output = output.line(format_args!("  declared: {}", as_options(format)));
    }
    output.note(table.note).json(&answer.json)
}

/// Change a registered table
#[derive(clap::Args, Debug)]
pub struct Update {
    /// Name or id
    table: String,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// Type of the data source
    #[arg(long)]
    source_type: Option<SourceType>,
    /// `local` (copied here) or `materialized` (result of --query)
    #[arg(long, value_parser = query_mode())]
    query_mode: Option<QueryMode>,
    #[command(flatten)]
    fields: Box<Fields>,
}

impl Run for Update {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let table = lookup::table(&api, &self.table)?;
        let fields = self.fields;
        let request = UpdateTable {
            name: self.name,
            source_query: fields.source_query()?,
            primary_key: fields.primary_key(),
            sync_strategy: fields.sync_strategy,
            sync_options: fields.sync_options.map(|options| *options),
            description: fields.description,
            source_type: self.source_type,
            bucket: fields.bucket,
            source_table: fields.source_table,
            query_mode: self.query_mode,
            sync_schedule: fields.sync_schedule,
            profile_after_sync: None,
            file_format: None,
            folder: fields.folder,
        };
        let mut body = serde_json::to_value(request)?;
        if let Value::Object(body) = &mut body {
            body.retain(|_, value| !value.is_null());
        }
        if body.as_object().is_none_or(|body| body.is_empty()) {
            return Err(CliError::usage("nothing to change").hint("See: agnes admin table update --help").into());
        }
        let updated = api.send::<Updated>(Method::PUT, &["api", "admin", "registry", &table.id], &body)?;
        Output::message(format_args!("Updated {}: {}", self.table, updated.body.updated.join(", "))).json(&updated.json)
    }
}

/// Fields of a table that can be given when it is registered and when it is changed.
#[derive(clap::Args, Debug)]
struct Fields {
    /// Bucket (Keboola) or schema at the source
    #[arg(long)]
    bucket: Option<String>,
    /// Name at the source
    #[arg(long)]
    source_table: Option<String>,
    /// SQL of a materialized table, or @FILE to read it from a file
    #[arg(long, value_name = "SQL|@FILE")]
    query: Option<String>,
    /// Description for the catalog
    #[arg(long)]
    description: Option<String>,
    /// Folder in the catalog
    #[arg(long)]
    folder: Option<String>,
    /// When to sync, e.g. `every 6h` or `daily 05:00`
    #[arg(long)]
    sync_schedule: Option<String>,
    /// `full_refresh`, `incremental` or `partitioned`
    #[arg(long)]
    sync_strategy: Option<SyncStrategy>,
    /// Options of the strategy, e.g. `{"partition_by": "created", "partition_granularity": "month"}`
    #[arg(long, value_name = "JSON", value_parser = sync_options)]
    sync_options: Option<Box<SyncOptions>>,
    /// Column of the primary key; may be given several times
    #[arg(long)]
    primary_key: Vec<String>,
}

impl Fields {
    fn source_query(&self) -> Result<Option<String>, CliError> {
        let Some(text) = &self.query else { return Ok(None) };
        match text.strip_prefix('@') {
            None => Ok(Some(text.clone())),
            Some(path) => std::fs::read_to_string(path)
                .map(Some)
                .map_err(|error| CliError::usage(format!("cannot read the query from {path}: {error}"))),
        }
    }

    fn primary_key(&self) -> Option<Vec<String>> {
        (!self.primary_key.is_empty()).then(|| self.primary_key.clone())
    }
}

/// Parses one of the known modes.
fn query_mode() -> impl TypedValueParser<Value = QueryMode> {
    PossibleValuesParser::new(QueryMode::KNOWN).map(QueryMode::from)
}

fn sync_options(text: &str) -> Result<Box<SyncOptions>, serde_json::Error> {
    serde_json::from_str(text)
}
