use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::CliError;
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};

/// Fields of a table that can be given when it is registered and when it is changed.
#[derive(clap::Args, Debug)]
pub struct Fields {
    /// Bucket (Keboola) or schema at the source
    #[arg(long)]
    pub bucket: Option<String>,
    /// Name at the source
    #[arg(long)]
    pub source_table: Option<String>,
    /// SQL of a materialized table, or @FILE to read it from a file
    #[arg(long, value_name = "SQL|@FILE")]
    query: Option<String>,
    /// Description for the catalog
    #[arg(long)]
    pub description: Option<String>,
    /// Folder in the catalog
    #[arg(long)]
    pub folder: Option<String>,
    /// When to sync, e.g. `every 6h` or `daily 05:00`
    #[arg(long)]
    pub sync_schedule: Option<String>,
    /// `full_refresh`, `incremental` or `partitioned`
    #[arg(long)]
    pub sync_strategy: Option<SyncStrategy>,
    /// Options of the strategy, e.g. `{"partition_by": "created", "partition_granularity": "month"}`
    #[arg(long, value_name = "JSON", value_parser = sync_options)]
    pub sync_options: Option<Box<SyncOptions>>,
    /// Column of the primary key; may be given several times
    #[arg(long)]
    primary_key: Vec<String>,
}

impl Fields {
    pub fn source_query(&self) -> Result<Option<String>, CliError> {
        let Some(text) = &self.query else { return Ok(None) };
        match text.strip_prefix('@') {
            None => Ok(Some(text.clone())),
            Some(path) => std::fs::read_to_string(path)
                .map(Some)
                .map_err(|error| CliError::usage(format!("cannot read the query from {path}: {error}"))),
        }
    }

    pub fn primary_key(&self) -> Option<Vec<String>> {
        (!self.primary_key.is_empty()).then(|| self.primary_key.clone())
    }
}

/// Parses one of the known modes.
pub fn query_mode() -> impl TypedValueParser<Value = QueryMode> {
    PossibleValuesParser::new(QueryMode::KNOWN).map(QueryMode::from)
}

fn sync_options(text: &str) -> Result<Box<SyncOptions>, serde_json::Error> {
    serde_json::from_str(text)
}
