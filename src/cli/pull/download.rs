//! The tables of a pull: plan, downloads, and what the workspace has afterwards.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;

use super::common::{Failure, Limits, Transfer};
use super::pace::Pace;
use super::pending::PendingFile;
use super::plan::Plan;
use super::progress::Progress;
use super::report::Report;
use super::{Options, install, state};
use crate::base::{disk, time};
use crate::cli::installed::{Entry, State, StoredFile};
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Printer};
use crate::client::Client;
use crate::config::env_vars;
use crate::protocol::sync::Manifest;

/// How often a manifest is requested when files change during the pull.
const ROUNDS: u32 = 3;

pub struct Tables<'a> {
    pub options: &'a Options,
    pub workspace: &'a Workspace,
    pub client: &'a Client,
    pub limits: Limits,
    pub printer: &'a Printer,
}

/// What downloads have brought, and why others have not.
#[derive(Default)]
struct Brought {
    /// By table and part.
    files: BTreeMap<String, BTreeMap<Option<String>, StoredFile>>,
    failures: Vec<(String, Option<String>, Failure)>,
}

impl Tables<'_> {
    /// Makes the workspace what the manifest says, as far as its files come.
    pub async fn install(&self, mut manifest: Manifest, report: &mut Report) -> anyhow::Result<()> {
        let workspace = self.workspace;
        let mut before = state::load(workspace, self.client.server());
        state::take_over(workspace, &mut before)?;
        let mut known = before.clone();
        let mut downloaded = HashSet::new();
        let mut round = 1;
        loop {
            let plan = Plan::make(workspace, &known, &manifest, self.options)?;
            plan.tables.iter().try_for_each(|(table, wanted)| install::adopt(workspace, table, wanted))?;
            if round == 1 {
                self.remove(&plan, &mut known, report)?;
            }
            self.check_disk(plan.bytes_to_come(workspace))?;
            let mut brought = self.download(&plan).await?;
            brought.failures.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
            downloaded.extend(brought.files.keys().cloned());
            known.tables = tables(&plan, &known, &brought);
            let has_changed = brought.failures.iter().any(|(_, _, failure)| matches!(failure, Failure::Changed));
            if has_changed && round < ROUNDS {
                round += 1;
                match self.client.manifest().await {
                    Ok(newer) => {
                        manifest = newer;
                        continue;
                    }
                    Err(error) => report.failed("manifest", &error.to_string()),
                }
            }
            report.offered(&plan);
            for (table, part, failure) in &brought.failures {
                let reason = match failure {
                    Failure::Changed => "its file on the server changed during the download; run agnes pull again",
                    Failure::Other(reason) => reason,
                };
                let part = part.as_ref().map(|part| format!("part {part}: ")).unwrap_or_default();
                report.table_failed(table, &format!("{part}{reason}"));
            }
            let is_updated = |(table, entry): &(&String, &Entry)| {
                downloaded.contains(*table) && before.tables.get(*table) != Some(*entry)
                    || before.tables.get(*table).is_some_and(|before| !before.has_files_of(entry))
            };
            report.tables_present = plan.chosen().filter(|table| known.tables.contains_key(*table)).count();
            if report.came_to_nothing() && !self.workspace.is_made() {
                return Ok(());
            }
            report.tables_updated = known.tables.iter().filter(is_updated).count();
            return self.switch(&mut known, &plan.useful(workspace), report);
        }
    }

    /// Removes what the server does not offer any more, before anything else: it may not be read any more.
    fn remove(&self, plan: &Plan, known: &mut State, report: &mut Report) -> anyhow::Result<()> {
        report.tables_removed.clone_from(&plan.removals);
        if plan.removals.is_empty() {
            return Ok(());
        }
        known.tables.retain(|table, _| plan.offered.contains(table));
        self.switch(known, &plan.useful(self.workspace), report)
    }

    fn switch(&self, state: &mut State, useful: &HashSet<PathBuf>, report: &mut Report) -> anyhow::Result<()> {
        state.last_sync = Some(time::iso_offset(time::now()));
        Ok(install::switch(self.workspace, state, useful, report)?)
    }

    async fn download(&self, plan: &Plan) -> anyhow::Result<Brought> {
        let (limits, printer) = (self.limits, self.printer);
        let bytes = plan.bytes_to_come(self.workspace);
        let progress = Progress::new(printer, bytes, plan.downloads.len(), self.options.is_quiet);
        let pace = Pace::new(limits.concurrency);
        let transfer =
            Transfer { client: self.client, workspace: self.workspace, limits, pace: &pace, progress: &progress };
        let fetch = |file: &PendingFile| {
            let file = file.clone();
            let transfer = &transfer;
            async move { (transfer.fetch(&file).await, file) }
        };
        let mut brought = Brought::default();
        let downloads = async {
            let mut finished =
                futures_util::stream::iter(&plan.downloads).map(fetch).buffer_unordered(limits.concurrency);
            while let Some((outcome, file)) = finished.next().await {
                match outcome {
                    Ok(stored) => drop(brought.files.entry(file.table).or_default().insert(file.part, stored)),
                    Err(failure) => brought.failures.push((file.table, file.part, failure)),
                }
            }
        };
        tokio::select! {
            () = downloads => {}
            () = pace.adapt(&progress) => {}
            () = progress.lines(printer) => {}
        }
        progress.end();
        Ok(brought)
    }

    /// Fails when the file system of the workspace has less free space than the downloads need.
    fn check_disk(&self, needed: u64) -> Result<(), CliError> {
        match disk::space(&self.workspace.duckdb_dir()) {
            Ok(space) if space.free < needed => Err(CliError::new(
                "disk_full",
                format!("the downloads need {}, but only {} are free", human_size(needed), human_size(space.free)),
            )
            .hint("Free some space, or choose a workspace on another disk with --workspace DIR.")),
            // Where the file system does not report it, writing will fail if there is too little.
            _ => Ok(()),
        }
    }
}

/// The tables that the workspace has after the downloads: those that are complete, and the others as they were.
fn tables(plan: &Plan, known: &State, brought: &Brought) -> BTreeMap<String, Entry> {
    let mut tables = known.tables.clone();
    tables.retain(|table, _| plan.offered.contains(table));
    let nothing = BTreeMap::new();
    for (table, wanted) in &plan.tables {
        if let Some(entry) = wanted.entry(brought.files.get(table).unwrap_or(&nothing)) {
            tables.insert(table.clone(), entry);
        }
    }
    tables
}

pub fn limits(context: &Context) -> Limits {
    Limits {
        concurrency: context.number(&env_vars::AGNES_PULL_CONCURRENCY),
        retries: context.number(&env_vars::AGNES_STREAM_RETRIES) as u32,
        idle_timeout: Duration::from_secs(context.number(&env_vars::AGNES_STREAM_TIMEOUT) as u64),
    }
}
