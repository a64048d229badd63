use reqwest::Method;
use serde_json::Value;

use super::fields::{Fields, query_mode};
use crate::cli::admin::lookup;
use crate::cli::{CliError, Context, Output, Run};
use crate::protocol::registry::{UpdateTable, Updated};
use crate::protocol::vocabulary::{QueryMode, SourceType};

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
