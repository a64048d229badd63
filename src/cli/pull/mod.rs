//! `agnes pull`: exactly the tables that the user may read, each complete and verified or left unchanged.

pub(super) mod freshness;
mod part_file;
mod parts;
mod pending;
mod plan;
mod report;
mod retry;
mod state;
mod transfer;
pub(super) mod views;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use indicatif::ProgressBar;

use super::units::human_size;
use super::workspace::Workspace;
use super::{CliError, Context, Output, Run};
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, disk, time};
use crate::client::Client;
use crate::config::env_vars;
use plan::Plan;
use report::Report;
use state::State;
use transfer::{Limits, Transfer};

/// How long a second pull waits for the first.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Download the tables you may read into this workspace
#[derive(clap::Args, Debug)]
pub struct Pull {
    /// Show warnings and errors only
    #[arg(long, short)]
    quiet: bool,
    /// Show what would be downloaded and removed, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Hash every file instead of trusting its size and time
    #[arg(long)]
    verify: bool,
    /// Use the current directory even inside another workspace
    #[arg(long)]
    here: bool,
}

impl Pull {
    /// Into the workspace that is in use.
    pub fn new(dry_run: bool) -> Self {
        Self { quiet: false, dry_run, verify: false, here: false }
    }
}

impl Run for Pull {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let started = Instant::now();
        let workspace = Workspace::locate(context, self.here)?;
        let client = context.client()?;
        let mut report = Report::default();
        let lock = if self.dry_run { None } else { Some(lock(&workspace)?) };
        if let Some(Err(held)) = lock {
            report.locked = true;
            let note = format!("Another pull is at work here ({held}); nothing to do.");
            return Ok(report.output(started.elapsed())?.note(note).quiet(self.quiet));
        }
        let outcome = context.block_on(pull(&self, &workspace, client, context, &mut report))?;
        if let Err(error) = outcome {
            if context.printer.is_json {
                let is_full = error.downcast_ref::<CliError>().is_some_and(|error| error.kind == "disk_full");
                report.failed(if is_full { "disk" } else { "manifest" }, &error.to_string());
                context.printer.print(&report.output(started.elapsed())?)?;
            }
            return Err(error);
        }
        Ok(report.output(started.elapsed())?.quiet(self.quiet))
    }
}

/// The lock of the workspace, or the error that says that another pull has held it for too long.
fn lock(workspace: &Workspace) -> Result<Result<FileLock, LockError>, CliError> {
    match FileLock::acquire_within(&workspace.lock_file(), LOCK_TIMEOUT) {
        Err(LockError::Io(error)) => Err(CliError::new(
            "workspace_unwritable",
            format!("cannot write to the workspace {}: {error}", workspace.root().display()),
        )
        .hint("Choose another one with --workspace DIR.")),
        outcome => Ok(outcome),
    }
}

async fn pull(
    args: &Pull,
    workspace: &Workspace,
    client: Client,
    context: &Context,
    report: &mut Report,
) -> anyhow::Result<()> {
    let limits = limits(context);
    let manifest = retry::manifest(&client, limits.retries).await.map_err(CliError::from)?;
    let mut state = State::load(workspace, client.server());
    let plan = Plan::make(workspace, &state, manifest, args.verify)?;
    report.parquets_total = plan.offered;
    for (table, error) in &plan.refused {
        report.table_failed(table, error);
    }
    if args.dry_run {
        report.would_download = Some(plan.downloads);
        report.would_remove = plan.removals;
        return Ok(());
    }
    part_file::sweep(workspace, &plan)?;
    for table in &plan.removals {
        atomic_file::remove(&workspace.table_file(table))?;
        parts::remove(workspace, table)?;
        report.tables_removed.push(table.clone());
    }
    state.tables.retain(|table, _| plan.keeps(table));
    state.tables.extend(plan.current.iter().map(|(table, entry)| (table.clone(), entry.clone())));
    check_disk(workspace, plan.download_bytes())?;
    let bar = if args.quiet { ProgressBar::hidden() } else { context.printer.progress(plan.download_bytes()) };
    download(&plan, &Transfer::new(&client, workspace, limits, &bar), report, &mut state).await?;
    bar.finish_and_clear();
    match views::publish(workspace, &mut state) {
        Ok(unreadable) => unreadable.iter().for_each(|(table, error)| report.table_failed(table, error)),
        Err(error) => report.failed("views", &error.to_string()),
    }
    state.last_sync = Some(time::iso_offset(time::now()));
    state.save(workspace)?;
    Ok(())
}

/// Fails when the file system of the workspace has less free space than the downloads need.
fn check_disk(workspace: &Workspace, needed: u64) -> Result<(), CliError> {
    match disk::space(&workspace.duckdb_dir()) {
        Ok(space) if space.free < needed => Err(CliError::new(
            "disk_full",
            format!("the downloads need {}, but only {} are free", human_size(needed), human_size(space.free)),
        )
        .hint("Free some space, or choose a workspace on another disk with --workspace DIR.")),
        // Where the file system does not report it, writing will fail if there is too little.
        _ => Ok(()),
    }
}

async fn download(plan: &Plan, transfer: &Transfer<'_>, report: &mut Report, state: &mut State) -> anyhow::Result<()> {
    let workspace = transfer.workspace;
    let mut finished = futures_util::stream::iter(&plan.downloads)
        .map(|file| async move { (file, transfer.fetch(file).await) })
        .buffer_unordered(transfer.limits.concurrency);
    let mut failures = Vec::new();
    while let Some((file, outcome)) = finished.next().await {
        match outcome {
            // A table in parts counts once all its parts are there.
            Ok(_) if file.part.is_some() => {}
            Ok(entry) => {
                // The file is in place: delete the parts that it replaces.
                parts::remove(workspace, &file.table)?;
                state.tables.insert(file.table.clone(), entry);
                report.tables_updated += 1;
            }
            Err(error) => failures.push((file.table.clone(), file.part.clone(), error)),
        }
    }
    for (table, parted) in &plan.parted {
        let is_whole = !failures.iter().any(|(failed, _, _)| failed == table);
        if is_whole && !parted.is_installed(workspace, table)? {
            parted.install(workspace, table)?;
            report.tables_updated += 1;
        }
        if is_whole {
            state.tables.insert(table.clone(), parted.entry());
        }
    }
    failures.sort();
    for (table, part, error) in failures {
        let error = part.map_or_else(|| error.clone(), |part| format!("part {part}: {error}"));
        report.table_failed(&table, &error);
    }
    Ok(())
}

fn limits(context: &Context) -> Limits {
    Limits {
        concurrency: context.number(&env_vars::AGNES_PULL_CONCURRENCY),
        retries: context.number(&env_vars::AGNES_STREAM_RETRIES) as u32,
        idle_timeout: Duration::from_secs(context.number(&env_vars::AGNES_STREAM_TIMEOUT) as u64),
    }
}
