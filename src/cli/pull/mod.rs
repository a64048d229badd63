//! `agnes pull`: exactly the tables that the user may read, each complete and verified or left unchanged.
//!
//! Downloads go into files whose names contain their hashes and which never change. When they have all come,
//! `sync_state.json` is replaced, and with it all tables at once ([`install`]).

mod common;
mod download;
mod first;
pub(super) mod freshness;
mod install;
mod pace;
mod partial;
mod pending;
mod plan;
mod progress;
mod report;
mod retry;
mod rules;
mod segments;
mod state;
mod transfer;
pub(super) mod views;

use std::time::Duration;

use super::workspace::Workspace;
use super::{CliError, Context, Output, Run};
use crate::base::lock::{FileLock, LockError};
use crate::client::Client;
use first::FirstPull;
use plan::Plan;
pub(super) use report::Report;

/// How long a second pull waits for the first.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Download the tables you may read into this workspace
#[derive(clap::Args, Debug)]
pub struct Pull {
    #[command(flatten)]
    options: Options,
    /// Show warnings and errors only
    #[arg(long, short)]
    quiet: bool,
    /// Use the current directory, even if it has other files in it or is inside another workspace
    #[arg(long)]
    here: bool,
    /// For hooks of agents: print nothing but one line about a problem, wait for nobody, and exit with 0
    #[arg(long, conflicts_with_all = ["dry_run", "here"])]
    hook: bool,
}

/// What a pull does.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Show what would be downloaded and removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Hash every file instead of trusting its size and time
    #[arg(long)]
    pub verify: bool,
    /// Download this table only, and leave the others as they are; can be given several times
    #[arg(long, value_name = "TABLE")]
    pub only: Vec<String>,
    #[arg(skip)]
    pub is_quiet: bool,
    #[arg(skip)]
    pub is_hook: bool,
}

impl Pull {
    /// Into the workspace that is in use.
    pub fn new(dry_run: bool) -> Self {
        Self { options: Options { dry_run, ..Options::default() }, quiet: false, here: false, hook: false }
    }
}

impl Run for Pull {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if self.hook {
            return Ok(self.run_as_hook(context));
        }
        let workspace = Workspace::locate(context, self.here)?;
        if !self.here && !workspace.is_meant(context) && workspace.is_foreign() {
            return Err(first::refused(&workspace).into());
        }
        let client = context.client()?;
        let options = Options { is_quiet: self.quiet, ..self.options };
        let mut report = Report::new();
        if let Err(error) = pull(&options, &workspace, &client, context, &mut report) {
            if context.printer.is_json {
                let is_full = error.downcast_ref::<CliError>().is_some_and(|error| error.kind == "disk_full");
                report.failed(if is_full { "disk" } else { "manifest" }, &error.to_string());
                context.printer.print(&report.output()?)?;
            }
            return Err(error);
        }
        let mut output = report.output()?.quiet(self.quiet);
        if report.locked {
            output = output.note("Another pull is at work here; nothing to do.");
        }
        Ok(output)
    }
}

impl Pull {
    /// Outside of a workspace there is nothing to do.
    fn run_as_hook(self, context: &Context) -> Output {
        let options = Options { is_quiet: true, is_hook: true, ..self.options };
        let mut report = Report::new();
        let outcome = Workspace::locate(context, false).map_err(anyhow::Error::from).and_then(|workspace| {
            if !workspace.is_meant(context) {
                return Ok(());
            }
            pull(&options, &workspace, &context.client()?, context, &mut report)
        });
        let problem = outcome.err().map(|error| format!("agnes pull: {error}")).or_else(|| report.problem());
        let line = problem.map(|problem| problem.lines().next().unwrap_or_default().to_owned());
        line.into_iter().fold(Output::streamed(), Output::remark)
    }
}

/// Pulls into a workspace, which is created if there is none. What the report has counts even if the pull fails. A first
/// pull that brings nothing leaves no workspace.
pub fn pull(
    options: &Options,
    workspace: &Workspace,
    client: &Client,
    context: &Context,
    report: &mut Report,
) -> anyhow::Result<()> {
    let first = FirstPull::in_new(workspace);
    let lock = match (options.dry_run, options.is_hook) {
        (true, _) => None,
        (false, is_hook) => match lock(workspace, if is_hook { Duration::ZERO } else { LOCK_TIMEOUT })? {
            Some(lock) => Some(lock),
            None => {
                report.locked = true;
                return Ok(());
            }
        },
    };
    let outcome = context.block_on(async {
        let limits = download::limits(context);
        let manifest = retry::manifest(client, limits.retries, options.is_hook).await.map_err(CliError::from)?;
        if options.dry_run {
            report.planned(Plan::make(workspace, &state::load(workspace, client.server()), &manifest, options)?);
            return Ok(());
        }
        let tables = download::Tables { options, workspace, client, limits, printer: &context.printer };
        let (installed, rules) = tokio::join!(tables.install(manifest, report), rules::fetch(client, options.is_hook));
        installed?;
        if !workspace.is_made() {
            return Ok(());
        }
        match rules.map(|bundle| bundle.map(|bundle| rules::install(&bundle, workspace)).transpose()) {
            Ok(Ok(files)) => report.rules = files,
            Ok(Err(error)) => report.failed("memory_bundle", &error.to_string()),
            Err(error) => report.failed("memory_bundle", &error.to_string()),
        }
        Ok(())
    });
    if let (Some(_), Some(first)) = (&lock, first)
        && !workspace.is_made()
    {
        first.undo();
    }
    outcome?
}

/// The lock of the workspace, unless another pull has it for longer than that.
fn lock(workspace: &Workspace, timeout: Duration) -> Result<Option<FileLock>, CliError> {
    match FileLock::acquire_within(&workspace.lock_file(), timeout) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Held(_)) => Ok(None),
        Err(LockError::Io(error)) => Err(CliError::new(
            "workspace_unwritable",
            format!("cannot write to the workspace {}: {error}", workspace.root().display()),
        )
        .hint("Choose another one with --workspace DIR.")),
    }
}
