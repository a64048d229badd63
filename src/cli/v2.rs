//! What the commands on single tables ask of `/api/v2`, and what a refusal means.

use serde_json::value::RawValue;

use super::api::Response;
use super::{Api, CliError, exit};
use crate::client::ClientError;
use crate::protocol::v2::{Catalog, TableSchema};
use crate::query::most_similar;

/// The columns of a table.
pub fn schema(what: &str, table: &str, api: &Api) -> Result<Response<TableSchema>, CliError> {
    let response = api.try_get(&["api", "v2", "schema", table], &[]);
    response.map_err(|error| refused(what, table, error, reading_code, api))
}

/// The first rows of a table.
pub fn sample(what: &str, table: &str, rows: u8, api: &Api) -> Result<Box<RawValue>, CliError> {
    let response = api.try_get_raw(&["api", "v2", "sample", table], &[("n", &rows.to_string())]);
    response.map_err(|error| refused(what, table, error, reading_code, api))
}

/// The exit code of `schema`, `describe` and `snapshot refresh` for an error status.
pub fn reading_code(status: u16) -> u8 {
    match status {
        403 => exit::DENIED,
        500.. => exit::SERVER_FAILED,
        _ => exit::USAGE,
    }
}

/// The error of a request about a table, with the name that was probably meant.
pub fn refused(what: &str, table: &str, error: ClientError, code: impl Fn(u16) -> u8, api: &Api) -> CliError {
    let status = error.status();
    let error = CliError::during(what, error, code);
    match status {
        Some(status @ (403 | 404)) => error.hint(tables_hint(table, status, api)),
        _ => error,
    }
}

/// Where to look for the table that was meant.
pub fn tables_hint(table: &str, status: u16, api: &Api) -> String {
    let similar = similar(table, api).map(|id| format!("Did you mean {id}? ")).unwrap_or_default();
    let grant = if status == 403 { "; ask an admin of the server for a grant on others" } else { "" };
    format!("{similar}agnes catalog lists the tables that you may read{grant}.")
}

/// The id of a table that the caller may read, and whose id or name is like the one that was typed.
fn similar(typed: &str, api: &Api) -> Option<String> {
    let catalog = api.try_get::<Catalog>(&["api", "v2", "catalog"], &[]).ok()?.body;
    let names = catalog.tables.iter().flat_map(|table| [table.id.as_str(), table.name.as_str()]);
    let similar = most_similar(names, typed)?;
    let found = catalog.tables.iter().find(|table| table.id == similar || table.name == similar)?;
    (found.id != typed).then(|| found.id.clone())
}
