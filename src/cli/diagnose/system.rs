use serde_json::{Value, json};

use crate::cli::installed::State;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Output, Run};
use crate::client::ClientError;
use crate::protocol::vocabulary::QueryMode;

/// Show what the server says about its own parts
#[derive(clap::Args, Debug)]
pub struct System {
    /// Do not ask the server; show what was pulled
    #[arg(long)]
    local: bool,
}

impl Run for System {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if self.local {
            return local(context);
        }
        let detailed = context.api()?.try_get::<Value>(&["api", "health", "detailed"], &[]).map_err(unreachable)?.json;
        let mut output = Output::message(format_args!("Status: {}", text(&detailed["status"])));
        for (name, service) in detailed["services"].as_object().into_iter().flatten() {
            let mut line = format!("  {name}: {}", text(&service["status"]));
            if let (Some(tables), Some(rows)) = (service["tables"].as_u64(), service["total_rows"].as_u64()) {
                line.push_str(&format!(" ({tables} tables, {rows} rows)"));
            }
            if let Some(count) = service["count"].as_u64() {
                line.push_str(&format!(" ({count})"));
            }
            if let Some(stale) = service["stale_tables"].as_array().filter(|stale| !stale.is_empty()) {
                let names: Vec<_> = stale.iter().filter_map(Value::as_str).collect();
                line.push_str(&format!(" [stale: {}]", names.join(", ")));
            }
            output = output.line(line);
        }
        output.json(&detailed)
    }
}

fn local(context: &Context) -> anyhow::Result<Output> {
    let state = State::read(&Workspace::locate(context, false)?).unwrap_or_default();
    let count = state.tables.len();
    let tables: Vec<_> = state.tables.keys().collect();
    Output::message("Mode: offline (local data)")
        .line(format_args!("Tables synced: {count}"))
        .line(format_args!("Last sync: {}", state.last_sync.as_deref().unwrap_or("never")))
        .json(
            &json!({"mode": QueryMode::Local, "tables_synced": count, "last_sync": state.last_sync, "tables": tables}),
        )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("unknown")
}

/// Adds that there is something to see without a server.
fn unreachable(error: ClientError) -> CliError {
    let is_away = matches!(error, ClientError::Unreachable { .. } | ClientError::Interrupted { .. });
    let error = CliError::from(error);
    match (is_away, &error.hint) {
        (true, Some(hint)) => {
            let hint = format!("{hint} What was pulled is shown by: agnes diagnose system --local");
            error.hint(hint)
        }
        _ => error,
    }
}
