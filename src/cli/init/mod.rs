//! `agnes init`: a workspace, from nothing to the first pull. A run that fails can be repeated; the guide, which comes last,
//! says that it is finished.

mod guide;
mod instructions;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use url::Url;

use super::hooks::{self, HookError, HookState};
use super::pull::{self, Options, Report};
use super::workspace::Workspace;
use super::{CliError, Context, Output, Run, credentials, exit, input, push};
use crate::base::atomic_file;
use crate::base::secret::Secret;
use crate::client::{Client, ClientError};

/// Make a folder a workspace: sign in, set up your agent, and pull your tables
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  agnes init --server-url https://agnes.example.com --token TOKEN")]
pub struct Init {
    /// Address of the server; the same as --server, and remembered
    #[arg(long, value_name = "URL")]
    server_url: Option<String>,
    /// Read the token from stdin, so that no process list shows it
    #[arg(long)]
    token_stdin: bool,
    /// Write the files of a workspace again; your notes and your own hooks stay
    #[arg(long)]
    force: bool,
}

impl Run for Init {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::to_make(context)?;
        if guide::path(&workspace).exists() && !self.force {
            let text = format!("{} is a workspace already", workspace.root().display());
            let hint = "Use --force to write its files again; your notes stay. To update the tables, run: agnes pull";
            return Err(CliError::new("partial_state", text).hint(hint).into());
        }
        let server = self.server(context)?;
        let token = self.token(&server, context)?;
        let client = context.client_for(server.clone(), Some(token.clone()))?;
        let email = context.block_on(verified(&client))??;
        context.config_dir()?.save(&server, &token, &email)?;

        let backup = context.block_on(instructions::install(&client, &workspace))??;
        let hooks = hooks::install(&workspace);
        if let Err(error @ HookError::Io { .. }) = &hooks {
            return Err(CliError::new("workspace_unwritable", error.to_string()).into());
        }
        write_stub(&workspace)?;
        let mut report = Report::new();
        let options = Options { is_quiet: context.printer.is_json, ..Options::default() };
        pull::pull(&options, &workspace, &client, context, &mut report).map_err(incomplete)?;
        guide::write(&workspace, &server)?;
        summary(&workspace, &server, &report, hooks.err(), backup)
    }
}

impl Init {
    fn server(&self, context: &Context) -> Result<Url, CliError> {
        match &self.server_url {
            Some(text) => credentials::server_url(text),
            None => context.chosen_server()?.ok_or_else(|| {
                CliError::usage("no server given").hint("Add --server-url URL, such as https://agnes.example.com")
            }),
        }
    }

    fn token(&self, server: &Url, context: &Context) -> Result<Secret, CliError> {
        if self.token_stdin {
            return input::piped_token(context);
        }
        let known = context.token(server)?.map(|(token, _)| token);
        known.ok_or_else(|| CliError::signed_out(&credentials::key(server)))
    }
}

/// Whose token it is, once the server has accepted it; empty if the server does not say.
async fn verified(client: &Client) -> Result<String, CliError> {
    let tables: Result<Value, ClientError> = client.get(&["api", "catalog", "tables"], &[]).await;
    if let Err(error) = tables {
        let status = error.any_status();
        let error = CliError::from(error);
        return Err(match status {
            Some(401) => {
                let hint = format!("Make a new token on {}, or run: agnes auth login", client.server());
                error.kind("auth_failed").hint(hint)
            }
            _ => error.kind("server_unreachable"),
        });
    }
    Ok(client.me().await.map(|me| me.email).unwrap_or_default())
}

/// The person's own notes; what is there is theirs.
fn write_stub(workspace: &Workspace) -> std::io::Result<()> {
    let path = push::notes(workspace);
    if path.exists() {
        return Ok(());
    }
    let text = "# My notes\n\nOnly for you and your agent; agnes push uploads them to the server.\n";
    fs::create_dir_all(workspace.root().join(".claude"))?;
    atomic_file::write(&path, text.as_bytes())
}

/// The workspace is not finished.
fn incomplete(error: anyhow::Error) -> anyhow::Error {
    let error = CliError::from(error);
    let hint = error.hint.clone().unwrap_or_default();
    let kind = if error.kind == "server_unreachable" { "manifest_unauthorized" } else { error.kind };
    error.kind(kind).hint(format!("{hint} Then run the same agnes init again.").trim().to_owned()).into()
}

fn summary(
    workspace: &Workspace,
    server: &Url,
    report: &Report,
    no_hooks: Option<HookError>,
    backup: Option<PathBuf>,
) -> anyhow::Result<Output> {
    let root = workspace.root().display();
    let (synced, total, rules) = (report.tables_updated, report.parquets_total, report.rules.unwrap_or(0));
    let hooks = if no_hooks.is_none() { HookState::ALL.to_string() } else { "none, see below".into() };
    let mut output = Output::message("Workspace ready.")
        .line(format_args!("  Server   : {}", credentials::key(server)))
        .line(format_args!("  Tables   : {synced} synced ({total} total)"))
        .line(format_args!("  Rules    : {rules}"))
        .line(format_args!("  Hooks    : {hooks}"))
        .line(format_args!("  Workspace: {root}"));
    if let Some(path) = &backup {
        output = output.line(format_args!("  Your CLAUDE.md was kept as {}", path.display()));
    }
    output = output.line("");
    output = match total {
        0 => output.line("You may not read any table yet: ask an admin for a grant, then run: agnes pull"),
        _ => output.line("Try: agnes catalog"),
    };
    output = report.warnings(output);
    if let Some(error) = &no_hooks {
        output = output.warn(format_args!("{error}; correct it and run: agnes init --force"));
    }
    let is_whole = report.errors.is_empty() && no_hooks.is_none();
    output.exit(if is_whole { 0 } else { exit::PARTIAL }).json(&json!({"workspace": workspace.root(),
        "server": credentials::key(server), "tables_synced": synced, "tables_total": total, "rules_count": rules,
        "hooks": no_hooks.is_none(), "backup": backup, "errors": report.errors, "ok": is_whole}))
}
