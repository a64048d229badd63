use clap::builder::{PossibleValuesParser, TypedValueParser};
use reqwest::Method;
use serde_json::Value;

use super::listed;
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::registry::{Precheck, RegisterTable, Registered, TableList, TableRow, UpdateTable, Updated};
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};

/// What is said about a table, when it is registered and when it is changed.
#[derive(clap::Args, Debug)]
pub struct Fields {
    /// Bucket (Keboola) or schema at the source
    #[arg(long)]
    bucket: Option<String>,
    /// Name at the source
    #[arg(long)]
    source_table: Option<String>,
    /// SQL of a materialized table, or @FILE to read it from a file
    #[arg(long, value_name = "SQL|@FILE")]
    query: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// Where people look for it in the catalog
    #[arg(long)]
    folder: Option<String>,
    /// When to sync, e.g. `every 6h` or `daily 05:00`
    #[arg(long)]
    sync_schedule: Option<String>,
    /// `full_refresh`, `incremental` or `partitioned`
    #[arg(long)]
    sync_strategy: Option<SyncStrategy>,
    /// How the strategy works, e.g. `{"partition_by": "created", "partition_granularity": "month"}`
    #[arg(long, value_name = "JSON", value_parser = sync_options)]
    sync_options: Option<Box<SyncOptions>>,
    /// Column of the primary key; may be given several times
    #[arg(long)]
    primary_key: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub struct Register {
    /// Name of the table in queries
    name: String,
    #[arg(long, default_value_t = SourceType::KEBOOLA)]
    source_type: SourceType,
    /// `local` (copied here) or `materialized` (result of --query)
    #[arg(long, default_value_t = QueryMode::Local, value_parser = query_mode())]
    query_mode: QueryMode,
    /// Only say whether it could be registered
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    fields: Box<Fields>,
}

#[derive(clap::Args, Debug)]
pub struct Update {
    /// Name or id
    table: String,
    /// New name
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    source_type: Option<SourceType>,
    #[arg(long, value_parser = query_mode())]
    query_mode: Option<QueryMode>,
    #[command(flatten)]
    fields: Box<Fields>,
}

#[derive(clap::Args, Debug)]
pub struct Unregister {
    /// Name or id
    table: String,
}

/// One of the known modes.
fn query_mode() -> impl TypedValueParser<Value = QueryMode> {
    PossibleValuesParser::new(QueryMode::KNOWN).map(QueryMode::from)
}

fn sync_options(text: &str) -> Result<Box<SyncOptions>, serde_json::Error> {
    serde_json::from_str(text)
}

const REGISTRY: [&str; 3] = ["api", "admin", "registry"];

pub async fn register(args: Register, client: &Client, context: &Context) -> anyhow::Result<()> {
    let Register { name, source_type, query_mode, dry_run, fields } = args;
    let source_query = fields.query.map(|query| sql(&query)).transpose()?;
    if query_mode == QueryMode::Materialized && source_query.is_none() {
        return Err(CliError::usage("Error: a materialized table needs --query").into());
    }
    let request = RegisterTable {
        source_table: Some(fields.source_table.unwrap_or_else(|| name.clone())),
        name: name.clone(),
        source_type: Some(source_type),
        bucket: fields.bucket,
        source_query,
        query_mode: Some(query_mode.clone()),
        sync_schedule: fields.sync_schedule,
        sync_strategy: fields.sync_strategy,
        sync_options: fields.sync_options.map(|options| *options),
        primary_key: (!fields.primary_key.is_empty()).then_some(fields.primary_key),
        folder: fields.folder,
        description: fields.description,
    };
    let printer = &context.printer;
    if dry_run {
        return precheck(&request, client, context).await;
    }
    match client.send::<Registered>(Method::POST, &["api", "admin", "register-table"], &request).await {
        Ok(table) => {
            printer.line(format_args!("Registered: {}", table.name))?;
            if query_mode != QueryMode::Remote {
                printer.note(format_args!("Fetch its data now with: agnes admin sync {name}"));
            }
            printer.note(format_args!(
                "Nobody but admins may read it yet. Run: agnes admin grant create <group> table {}",
                table.id
            ));
            Ok(())
        }
        Err(error) if error.status() == Some(409) => Ok(printer.line(format_args!("Already exists: {name}"))?),
        Err(error) => Err(CliError::failed(error).into()),
    }
}

async fn precheck(request: &RegisterTable, client: &Client, context: &Context) -> anyhow::Result<()> {
    let answer = client.send::<Precheck>(Method::POST, &["api", "admin", "register-table", "precheck"], request).await;
    let Precheck { table, .. } =
        answer.map_err(|error| CliError::new("precheck", format!("Precheck failed: {}", error.detail())))?;
    let printer = &context.printer;
    printer.line("[DRY RUN] precheck OK")?;
    for (label, value) in [
        ("name", Some(table.name)),
        ("source_type", table.source_type.map(Into::into)),
        ("bucket", table.bucket),
        ("source_table", table.source_table),
        ("query_mode", table.query_mode.map(Into::into)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            printer.line(format_args!("  {label}: {value}"))?;
        }
    }
    printer.note(table.note);
    Ok(())
}

pub async fn update(args: Update, client: &Client, context: &Context) -> anyhow::Result<()> {
    let table = find(client, &args.table).await?;
    let fields = args.fields;
    let request = UpdateTable {
        name: args.name,
        sync_strategy: fields.sync_strategy,
        sync_options: fields.sync_options.map(|options| *options),
        primary_key: (!fields.primary_key.is_empty()).then_some(fields.primary_key),
        description: fields.description,
        source_type: args.source_type,
        bucket: fields.bucket,
        source_table: fields.source_table,
        source_query: fields.query.map(|query| sql(&query)).transpose()?,
        query_mode: args.query_mode,
        sync_schedule: fields.sync_schedule,
        profile_after_sync: None,
        folder: fields.folder,
    };
    let mut body = serde_json::to_value(request)?;
    if let Value::Object(body) = &mut body {
        body.retain(|_, value| !value.is_null());
    }
    if body.as_object().is_none_or(|body| body.is_empty()) {
        return Err(CliError::usage("Error: nothing to change").hint("See: agnes admin update-table --help").into());
    }
    let path = ["api", "admin", "registry", &table.id];
    let updated: Updated = client.send(Method::PUT, &path, &body).await.map_err(CliError::failed)?;
    Ok(context.printer.line(format_args!("Updated {}: {}", args.table, updated.updated.join(", ")))?)
}

pub async fn unregister(args: Unregister, client: &Client, context: &Context) -> anyhow::Result<()> {
    let table = find(client, &args.table).await?;
    let path = ["api", "admin", "registry", &table.id];
    client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
    Ok(context.printer.line(format_args!("Unregistered: {}", table.name))?)
}

pub async fn list(client: &Client, context: &Context) -> anyhow::Result<()> {
    let Some(list) = listed::<TableList>(client, context, &REGISTRY, &[]).await? else { return Ok(()) };
    context.printer.line(format_args!("Registered tables: {}", list.count))?;
    for table in list.tables {
        let text = |value: Option<String>| value.unwrap_or_default();
        let (source, mode) =
            (table.source_type.unwrap_or_default(), table.query_mode.map_or_else(String::new, Into::into));
        let bucket = text(table.bucket);
        let row = format!("  {:<30} src={source:<10} mode={mode:<6} bucket={bucket:<20}", table.name);
        context.printer.line(row.trim_end())?;
        if let Some(error) = table.last_sync_error {
            context.printer.warn(format_args!("{}: {error}", table.name));
        }
    }
    Ok(())
}

/// Registry ids of tables given by name or id.
pub async fn ids(client: &Client, references: &[String]) -> Result<Vec<String>, CliError> {
    let list = registry(client).await?;
    references.iter().map(|reference| lookup(&list, reference).map(|table| table.id.clone())).collect()
}

async fn find(client: &Client, reference: &str) -> Result<TableRow, CliError> {
    lookup(&registry(client).await?, reference).cloned()
}

async fn registry(client: &Client) -> Result<Vec<TableRow>, CliError> {
    let list: TableList = client.get(&REGISTRY, &[]).await.map_err(CliError::failed)?;
    Ok(list.tables)
}

fn lookup<'a>(list: &'a [TableRow], reference: &str) -> Result<&'a TableRow, CliError> {
    let by_id = list.iter().find(|table| table.id == reference);
    by_id
        .or_else(|| list.iter().find(|table| table.name.eq_ignore_ascii_case(reference)))
        .ok_or_else(|| CliError::new("not_found", format!("Table not found: {reference}")))
}

fn sql(text: &str) -> Result<String, CliError> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("Error: cannot read the query from {path}: {error}"))),
    }
}
