use serde_json::json;

use super::hooks;
use super::installed::{Installed, State};
use super::push;
use super::snapshot::stored;
use super::workspace::Workspace;
use super::{Context, Output, Run, credentials};

/// Show the state of this workspace, without asking the server
#[derive(clap::Args, Debug)]
pub struct Status {}

impl Run for Status {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        let server = context.chosen_server()?.map(|server| credentials::key(&server));
        let tables = Installed::read(&workspace)?.tables().count();
        let snapshots = stored::names(&workspace)?.len();
        let last_sync = State::read(&workspace).and_then(|state| state.last_sync);
        let has_database = workspace.database().exists();
        let is_made = workspace.is_made();
        let pending = match is_made {
            true => push::pending_sessions(&workspace, server.as_deref().unwrap_or_default(), context)?,
            false => 0,
        };
        let hooks = hooks::state(&workspace);
        let yes = |is: bool| if is { "yes" } else { "no" };
        let mut output = Output::message(format_args!("Workspace : {}", workspace.root().display()))
            .line(format_args!("Server    : {}", server.as_deref().unwrap_or("not configured")))
            .line(format_args!("Initialized: {}", yes(is_made)))
            .line(format_args!("Parquets  : {tables}"))
            .line(format_args!("Snapshots : {snapshots}"))
            .line(format_args!("DuckDB    : {}", yes(has_database)))
            .line(format_args!("Last sync : {}", last_sync.as_deref().unwrap_or("never")))
            .line(format_args!("Hooks     : {}", hooks))
            .line(format_args!("Pending uploads: {pending} sessions"));
        if !is_made {
            let server = server.as_deref().unwrap_or("URL");
            output = output.line("").line(format_args!(
                "Make this folder a workspace with: agnes init --server-url {server} --token TOKEN"
            ));
        }
        output.json(&json!({"workspace": workspace.root(), "initialized": is_made, "parquet_tables": tables,
            "duckdb_exists": has_database, "last_synced": last_sync, "sessions_pending_upload": pending,
            "server": server, "snapshots": snapshots, "hooks": hooks}))
    }
}
