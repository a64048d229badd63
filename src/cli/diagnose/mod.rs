//! `agnes diagnose`: what may be wrong, and what to do about it.

mod check;
mod here;
mod server;
mod system;

use serde_json::json;

use super::workspace::Workspace;
use super::{Context, Output, Run, exit};
use check::{Check, Status};

/// Check settings, workspace, disk, connection, token and tables, and say what to do
#[derive(clap::Args, Debug)]
#[command(visible_alias = "doctor", args_conflicts_with_subcommands = true)]
pub struct Diagnose {
    /// Show only this check
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// Accepted for older scripts
    #[arg(long, hide = true)]
    symptom: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    System(system::System),
}

impl Run for Diagnose {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if let Some(Command::System(system)) = self.command {
            return system.run(context);
        }
        let mut checks = checks(context)?;
        if let Some(name) = &self.component {
            checks.retain(|check| check.name == *name);
        }
        report(&checks)
    }
}

fn checks(context: &Context) -> anyhow::Result<Vec<Check>> {
    let workspace = Workspace::locate(context, false)?;
    let mut checks = vec![here::server(context)?];
    checks.extend(here::token_file(context)?);
    checks.extend(here::workspace(&workspace)?);
    checks.push(here::disk(&workspace));
    checks.extend(here::hooks(&workspace, context));
    checks.extend(here::uploads(&workspace, context)?);
    if let Some(server) = context.chosen_server()? {
        let token = context.token(&server)?.map(|(token, _)| token);
        let has_token = token.is_some();
        let client = context.client_for(server, token)?;
        checks.extend(context.block_on(server::checks(&client, has_token))?);
    }
    Ok(checks)
}

fn report(checks: &[Check]) -> anyhow::Result<Output> {
    let worst = checks.iter().map(|check| check.status).max();
    let (overall, code) = match worst {
        Some(Status::Error) => ("unhealthy", exit::FAILED),
        Some(Status::Warning) => ("degraded", 0),
        _ => ("healthy", 0),
    };
    let mut output = Output::message(format_args!("Overall: {overall}"));
    for check in checks {
        let detail = check.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        output = output.line(format_args!("  [{:<7}] {}{detail}", check.status.name(), check.name));
        if let Some(action) = &check.action {
            output = output.line(format_args!("            {action}"));
        }
    }
    let actions: Vec<_> = checks.iter().filter_map(|check| check.action.as_ref()).collect();
    output.exit(code).json(&json!({"overall": overall, "checks": checks, "suggested_actions": actions}))
}
