//! `agnes self update`, and the daily look for a newer version.

mod install;
pub(super) mod reminder;

use serde_json::json;

use super::{CliError, Context, Output, Run};
use crate::client::Client;
use crate::protocol::client_program::{self, ClientBinary, this_arch, this_os};

pub const INSTALLED: &str = env!("CARGO_PKG_VERSION");

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum ThisProgram {
    Update(Update),
}

/// Replace this program with the version of the server
#[derive(clap::Args, Debug)]
pub struct Update {
    /// Only say whether there is a newer version
    #[arg(long)]
    check: bool,
    /// Install the server's version even if it is not newer
    #[arg(long)]
    force: bool,
    /// Go back to the version before the last update
    #[arg(long, conflicts_with_all = ["check", "force"])]
    rollback: bool,
}

impl Run for ThisProgram {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        match self {
            Self::Update(update) => update.run(context),
        }
    }
}

impl Run for Update {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let program = install::this_program()?;
        if self.rollback {
            let version = install::roll_back(&program)?;
            return Output::message(format_args!("Went back to {version}."))
                .json(&json!({"installed": version, "rolled_back": true}));
        }
        let server = context.chosen_server()?.ok_or_else(|| {
            CliError::new("no_server", "no server is configured").hint("Add --server URL, or set AGNES_SERVER.")
        })?;
        let client = context.client_for(server, None)?;
        let offered = context.block_on(offered(&client))??;
        let is_newer = is_older(INSTALLED, &offered.version);
        let json = |updated: bool| json!({"installed": INSTALLED, "latest": offered.version, "update_available": is_newer, "updated": updated});
        if self.check || !(is_newer || self.force) {
            return match is_newer {
                true => Output::message(format_args!("{} is available; installed is {INSTALLED}.", offered.version)),
                false => Output::message(format_args!("agnes {INSTALLED} is up to date.")),
            }
            .json(&json(false));
        }
        let bar = context.printer.progress(offered.size);
        let version = context.block_on(install::install(&client, &offered, &program, &bar))??;
        bar.finish_and_clear();
        Output::message(format_args!("Updated to {version}. Go back with: agnes self update --rollback"))
            .json(&json(true))
    }
}

/// The server's program for this platform.
async fn offered(client: &Client) -> Result<ClientBinary, CliError> {
    let latest = client.latest_program().await.map_err(|error| match error.status() {
        Some(404) => no_program(client),
        _ => error.into(),
    })?;
    let found = latest.binaries.into_iter().find(is_for_this_machine);
    found.ok_or_else(|| no_program(client))
}

fn no_program(client: &Client) -> CliError {
    let text = format!("{} has no program for {}-{}", client.server(), this_os(), this_arch());
    CliError::new("no_program", text).hint("Ask an admin to put one into AGNES_CLI_DIST_DIR.")
}

fn is_for_this_machine(binary: &ClientBinary) -> bool {
    (binary.os.as_str(), binary.arch.as_str()) == (this_os(), this_arch())
}

/// Whether one version comes before another; `false` where they cannot be compared.
fn is_older(one: &str, other: &str) -> bool {
    match (client_program::version(one), client_program::version(other)) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}
