//! Profiles of what a run changed, each made by a child process with a limit on memory and time.

use std::io;
use std::path::Path;

use super::extractor::last_lines;
use super::runner::Runner;
use crate::base::platform::processes;
use crate::base::process;
use crate::connectors::Extraction;
use crate::extract::{Content, PublishedTable};
use crate::profiler::{ALLOCATORS, Answer, ProfileError, Subject, Task};
use crate::protocol::sync_runs::{RunStep, RunTable};
use crate::store::{StoreError, profiles};

/// Why a table has no profile.
#[derive(Debug, thiserror::Error)]
pub enum NotProfiled {
    /// It would fail again, so this is stored, and not tried again until the content changes.
    #[error("{0}")]
    Impossible(String),
    #[error("{0}")]
    Other(String),
}

/// A profile as its process printed it.
struct Made {
    columns: usize,
    document: String,
}

impl Runner {
    /// Profiles every published table whose content has changed since its last profile. A failure is logged and noted in the
    /// run; the table is profiled again after its next change.
    pub(super) async fn profile_changes(&self) {
        let known = match self.store.read(profiles::versions).await {
            Ok(known) => known,
            Err(error) => return tracing::error!(%error, "cannot read which tables were profiled"),
        };
        let publication = self.orchestrator.publication();
        for table in publication.tables() {
            let is_new = known.get(&table.name) != Some(&table.version());
            if matches!(table.content, Content::Remote(_)) || !is_new || !self.is_profiled(table) {
                continue;
            }
            self.current.step(format!("profiling {}", table.name));
            if let Err(error) = self.profile(table).await {
                tracing::warn!(table = table.name, %error, "table not profiled");
                self.current.table(RunTable {
                    table: table.name.clone(),
                    source: table.source.clone(),
                    step: RunStep::Profile,
                    notes: vec![format!("no profile: {error}")],
                    ..RunTable::default()
                });
            }
        }
    }

    /// Profiles a table and stores the profile, or why there is none. Returns the number of its columns.
    pub async fn profile(&self, table: &PublishedTable) -> Result<usize, NotProfiled> {
        let _turn = self.profiling.lock().await;
        let row = self.store.snapshot().registry.by_name(&table.name).cloned();
        let subject = Subject::new(table, row.as_deref())
            .ok_or_else(|| NotProfiled::Other("its rows are not on this server".into()))?;
        let made = self.run_profiler(subject).await;
        let (name, version) = (table.name.clone(), table.version());
        let (columns, stored) = match made {
            Ok(Made { columns, document }) => {
                let put = self.store.write_results(move |change| profiles::put(change, &name, &version, &document));
                (Ok(columns), put.await)
            }
            Err(NotProfiled::Impossible(reason)) => {
                let failure = reason.clone();
                let put =
                    self.store.write_results(move |change| profiles::put_failure(change, &name, &version, &failure));
                (Err(NotProfiled::Impossible(reason)), put.await)
            }
            Err(error) => (Err(error), Ok(())),
        };
        stored.map_err(|error: StoreError| NotProfiled::Other(error.to_string()))?;
        columns
    }

    /// Runs `agnes extract profile`. Dropping the future kills it.
    async fn run_profiler(&self, subject: Subject) -> Result<Made, NotProfiled> {
        let settings = &self.settings;
        let task = Task {
            subject,
            config: settings.profiler.clone(),
            memory_mb: settings.profile_memory_mb,
            spill: settings.data_dir.spill().join("profile"),
            asked_by: std::process::id(),
        };
        let input = serde_json::to_vec(&task).map_err(|error| NotProfiled::Other(error.to_string()))?;
        let mut made = None;
        let on_line = |line: &str| {
            let answer: Answer = serde_json::from_str(line).unwrap_or_default();
            made = match answer {
                Answer { failure: Some(reason), .. } => Some(Err(reason)),
                Answer { column_count: Some(columns), .. } => Some(Ok(Made { columns, document: line.to_owned() })),
                Answer { .. } => None,
            };
        };
        let mut command = self.extractor_command(&Extraction::new(["profile".into()]));
        command.envs(ALLOCATORS);
        let spill = RemovedOnDrop(&task.spill);
        let output = process::run(&mut command, &input, settings.profile_timeout, on_line).await;
        drop(spill);
        let output = output.map_err(|error| NotProfiled::Other(format!("its process cannot be started: {error}")))?;
        let Some(status) = output.status else {
            let seconds = settings.profile_timeout.as_secs();
            let reason = format!("it takes longer than a profile may take ({seconds} s, AGNES_PROFILE_TIMEOUT)");
            return Err(NotProfiled::Impossible(reason));
        };
        if let Some(made) = made {
            return made.map_err(NotProfiled::Impossible);
        }
        let stderr = last_lines(&output.stderr);
        tracing::warn!(%status, stderr, "the process that profiles a table ended");
        Err(match (processes::was_killed(status), status.code()) {
            // Where memory ends, a process is aborted or killed more often than it can say so.
            (true, _) => NotProfiled::Impossible(ProfileError::TooLarge(task.memory_mb).to_string()),
            // It did not begin, for example because of a setting.
            (_, Some(1 | 2)) => NotProfiled::Other(format!("its process ended with {status}: {stderr}")),
            _ => NotProfiled::Impossible(format!("its process ended with {status}")),
        })
    }

    fn is_profiled(&self, table: &PublishedTable) -> bool {
        self.store.snapshot().registry.by_name(&table.name).is_none_or(|row| row.profile_after_sync)
    }
}

/// A process that was ended has not tidied up.
struct RemovedOnDrop<'a>(&'a Path);

impl Drop for RemovedOnDrop<'_> {
    fn drop(&mut self) {
        match std::fs::remove_dir_all(self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "temporary files of a profile stay until the next start");
            }
            _ => {}
        }
    }
}
