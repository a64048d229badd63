//! `list_tables`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page;
use crate::cli::catalog::tables;
use crate::cli::installed::Installed;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};
use crate::cli::workspace::Workspace;
use crate::protocol::v2::CatalogEntry;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTables {
    /// How many tables may come back
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 200))]
    limit: u64,
    /// How many tables to leave out, in the order of names
    #[serde(default)]
    offset: u64,
}

fn default_limit() -> u64 {
    50
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Listed {
    tables: Vec<ListedTable>,
    /// How many there are in all
    total: usize,
    /// The offset of the next page, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ListedTable {
    /// What describe_table and sample_table take
    id: String,
    /// What SQL calls it
    name: String,
    description: String,
    /// local and materialized tables can be pulled; a remote one stays at its source, and is queried on the server
    query_mode: String,
    /// Null if that is not known
    rows: Option<u64>,
    size_bytes: Option<u64>,
    columns: Option<usize>,
    /// When its rows were read from the source
    last_sync: Option<String>,
    /// Whether the workspace has a copy
    pulled: bool,
}

impl ListedTable {
    fn new(entry: CatalogEntry, pulled: &[String]) -> Self {
        let CatalogEntry { id, name, description, query_mode, rows, size_bytes, columns, last_sync, .. } = entry;
        let pulled = pulled.iter().any(|table| table.eq_ignore_ascii_case(&name));
        let query_mode = query_mode.as_str().to_owned();
        Self { id, name, description, query_mode, rows, size_bytes, columns, last_sync, pulled }
    }
}

impl Tool for ListTables {
    const NAME: &str = "list_tables";
    const TITLE: &str = "List tables";
    const DESCRIPTION: &str = "\
Lists the tables that the person may read, page by page, with descriptions, sizes, how current they are, and whether the workspace has \
a copy. If you know what you look for, search_catalog is shorter.";
    type Data = Listed;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Listed>> {
        let limit = within("limit", self.limit, 1..=200)?;
        let pulled: Vec<_> = Installed::read(&Workspace::locate(&call.context, false)?)?.tables().cloned().collect();
        let all = tables::all(false, &call.context.api()?)?.body.tables;
        let all: Vec<_> = all.into_iter().map(|table| ListedTable::new(table, &pulled)).collect();
        let total = all.len();
        let (tables, next_offset) = page(all, self.offset, limit)?;
        let summary = match (total, next_offset) {
            (0, _) => "The person may not read any table yet; an admin of the server can grant some.".to_owned(),
            (_, Some(next)) => format!("{} of {total} tables; the next ones: offset {next}.", tables.len()),
            _ => format!("{} of {total} tables.", tables.len()),
        };
        Ok(Answer::new(summary, Listed { tables, total, next_offset }))
    }
}
