//! `agnes pull`: exactly the tables that the user may read, whole and verified, or as they were before.

mod disk;
mod parts;
mod plan;
mod report;
mod state;
mod transfer;
pub(super) mod views;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::workspace::Workspace;
use super::{CliError, Context, Mode, exit};
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, time};
use crate::client::Client;
use crate::config::{WrongValue, env_vars};
use plan::Plan;
use report::{PlannedTable, Report};
use state::State;
use transfer::Transfer;

/// How long a second pull waits for the first.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Say nothing but warnings and errors
    #[arg(long, short)]
    quiet: bool,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
    /// Say what would be downloaded and removed, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Hash every file again instead of trusting its size and time
    #[arg(long)]
    verify: bool,
    /// Use the current directory even inside another workspace
    #[arg(long)]
    here: bool,
}

impl Args {
    pub fn mode(&self) -> Mode {
        match (self.json, self.quiet) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Quiet,
            (false, false) => Mode::Normal,
        }
    }
}

pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let workspace = Workspace::locate(context, args.here)?;
    let client = context.client()?;
    let mut report = Report::default();
    let lock = if args.dry_run { None } else { lock(&workspace, context)? };
    if lock.is_none() && !args.dry_run {
        report.locked = true;
        report.print(&context.printer, started.elapsed())?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = context.block_on(pull(&args, &workspace, client, context, &mut report))?;
    if let Err(error) = outcome {
        if context.printer.mode() == Mode::Json {
            let no_room = error.downcast_ref::<CliError>().is_some_and(|error| error.kind == "disk_full");
            let stage = if no_room { "disk" } else { "manifest" };
            report.failed(stage, error.to_string().trim_start_matches("Error: "));
            report.print(&context.printer, started.elapsed())?;
        }
        return Err(error);
    }
    report.print(&context.printer, started.elapsed())?;
    Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::PARTIAL) })
}

/// The lock of the workspace, or `None` when another pull kept it for too long.
fn lock(workspace: &Workspace, context: &Context) -> anyhow::Result<Option<FileLock>> {
    match FileLock::acquire_within(&workspace.lock_file(), LOCK_PATIENCE) {
        Ok(lock) => Ok(Some(lock)),
        Err(error @ LockError::Held(_)) => {
            context.printer.note(format_args!("Another pull is at work here ({error}); nothing to do."));
            Ok(None)
        }
        Err(LockError::Io(error)) => Err(CliError::new(
            "workspace_unwritable",
            format!("Error: cannot write to the workspace {}: {error}", workspace.root().display()),
        )
        .hint("Name another one with --workspace DIR.")
        .into()),
    }
}

async fn pull(
    args: &Args,
    workspace: &Workspace,
    client: Client,
    context: &Context,
    report: &mut Report,
) -> anyhow::Result<()> {
    let manifest = client.manifest().await.map_err(CliError::from)?;
    let mut state = State::load(workspace, client.server());
    let plan = Plan::make(workspace, &state, manifest, args.verify)?;
    report.parquets_total = plan.offered;
    for (table, error) in &plan.refused {
        report.table_failed(table, error);
    }
    if args.dry_run {
        report.would_download = Some(plan.downloads.iter().map(PlannedTable::from).collect());
        report.would_remove = plan.removals;
        return Ok(());
    }
    transfer::sweep(workspace, &plan)?;
    for table in &plan.removals {
        atomic_file::remove(&workspace.table_file(table))?;
        parts::remove(workspace, table)?;
        report.tables_removed.push(table.clone());
    }
    state.tables.retain(|table, _| plan.keeps(table));
    state.tables.extend(plan.current.iter().map(|(table, entry)| (table.clone(), entry.clone())));
    disk::check(workspace, &plan)?;
    download(&plan, workspace, &client, context, report, &mut state).await?;
    match views::publish(workspace, &mut state) {
        Ok(unreadable) => unreadable.iter().for_each(|(table, error)| report.table_failed(table, error)),
        Err(error) => report.failed("views", &error.to_string()),
    }
    state.last_sync = Some(time::iso_offset(time::now()));
    state.save(workspace)?;
    Ok(())
}

async fn download(
    plan: &Plan,
    workspace: &Workspace,
    client: &Client,
    context: &Context,
    report: &mut Report,
    state: &mut State,
) -> anyhow::Result<()> {
    let concurrency = number(context, &env_vars::AGNES_PULL_CONCURRENCY);
    let retries = number(context, &env_vars::AGNES_STREAM_RETRIES);
    let bar = context.printer.progress(plan.download_bytes());
    let transfer = &Transfer::new(client, workspace, retries as u32, &bar);
    let mut finished = futures_util::stream::iter(&plan.downloads)
        .map(|wanted| async move { (wanted, transfer.fetch(wanted).await) })
        .buffer_unordered(concurrency);
    let mut failures = Vec::new();
    while let Some((wanted, outcome)) = finished.next().await {
        match outcome {
            // A part counts once all of its table are there.
            Ok(_) if wanted.part.is_some() => {}
            Ok(entry) => {
                // The file is in place; parts that it replaces go.
                parts::remove(workspace, &wanted.table)?;
                state.tables.insert(wanted.table.clone(), entry);
                report.tables_updated += 1;
            }
            Err(error) => failures.push((wanted.table.clone(), wanted.part.clone(), error)),
        }
    }
    bar.finish_and_clear();
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

/// A number from the environment; a wrong one is reported and the default used.
fn number(context: &Context, var: &env_vars::EnvVar) -> usize {
    let default = || var.default.parse().unwrap_or(1);
    context.env.number(var).unwrap_or_else(|wrong: WrongValue| {
        context.printer.warn(format_args!("{}; using {}", wrong.problem, var.default));
        default()
    })
}
