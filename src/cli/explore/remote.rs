//! The server's statistics.

use serde_json::Value;

use crate::cli::{CliError, Context, Output, v2};
use crate::client::ClientError;

pub fn explore(table: &str, context: &Context) -> anyhow::Result<Output> {
    let api = context.api()?;
    let profile = match api.try_get::<Value>(&["api", "catalog", "profile", table], &[]) {
        Ok(profile) => profile.json,
        Err(error @ ClientError::Status { status, .. }) if status != 401 => {
            let failed = CliError::bare("refused", format!("Profile not found: {}", error.detail())).status(status);
            return Err(failed.hint(v2::tables_hint(table, status, &api)).into());
        }
        Err(error) => return Err(CliError::from(error).into()),
    };
    let text = serde_json::to_string_pretty(&profile)?;
    let output = Output::message(format_args!("Table: {table}"));
    text.lines().fold(output, Output::line).json(&profile)
}
