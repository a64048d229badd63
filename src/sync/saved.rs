//! The tables of saved queries: one source, whose files are written by the server itself.

use std::path::PathBuf;

use super::runner::Runner;
use super::{Durations, Rebuilt, RunError};
use crate::base::atomic_file::Pending;
use crate::base::lock::FileLock;
use crate::base::time;
use crate::connectors::{self, Extracted, LOCK};
use crate::extract::{ExtractError, data_file};
use crate::protocol::vocabulary::SourceType;
use crate::store::registry::Table;

/// Why a result did not become the content of its table.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error("another process writes the tables of saved queries ({0})")]
    Busy(#[from] crate::base::lock::LockError),
    #[error(transparent)]
    Rebuild(#[from] RunError),
    #[error("{0}")]
    Refused(String),
    #[error("publishing ended unexpectedly")]
    Lost,
}

impl Runner {
    /// Begins a file for the rows of the table of a saved query.
    pub fn begin_saved(&self, table: &str) -> std::io::Result<Pending> {
        Pending::beside(&data_file(&self.saved_directory(), table))
    }

    /// Publishes a finished file as the table, whose content then has this `version`.
    pub async fn publish_saved(
        &self,
        table: &Table,
        file: Pending,
        rows: i64,
        version: &str,
    ) -> Result<(), PublishError> {
        // Nothing drops or adds tables of the source in the meantime.
        let turn = self.saved.lock().await;
        let directory = self.saved_directory();
        let extracted =
            Extracted { name: table.name.clone(), description: table.description.clone(), rows, remote: None };
        let put = move || -> Result<(), PublishError> {
            let _lock = FileLock::acquire(&directory.join(LOCK))?;
            file.commit().map_err(ExtractError::from)?;
            Ok(connectors::publish(&directory, vec![extracted], None, None, time::now())?)
        };
        tokio::task::spawn_blocking(put).await.map_err(|_| PublishError::Lost)??;
        drop(turn);
        let Rebuilt { publication, problems, .. } = self.rebuild_after(Durations::default()).await?;
        let source = SourceType::SAVED_QUERIES;
        match publication.get(&table.name) {
            Some(published) if published.source == source.as_str() && published.version() == version => Ok(()),
            _ => {
                let is_of_table = |name: &String| name.eq_ignore_ascii_case(&table.name);
                let of_source = problems.into_iter().filter(|problem| problem.source == source.as_str());
                let mut reasons = of_source.filter(|problem| problem.table.as_ref().is_none_or(is_of_table));
                let reason = reasons.next().map_or_else(|| "it was dropped meanwhile".into(), |problem| problem.error);
                Err(PublishError::Refused(reason))
            }
        }
    }

    /// Drops the tables of saved queries that are no longer registered.
    pub(super) async fn prune_saved(&self) {
        let _turn = self.saved.lock().await;
        self.prune(&SourceType::SAVED_QUERIES).await;
    }

    fn saved_directory(&self) -> PathBuf {
        self.settings.data_dir.extract(SourceType::SAVED_QUERIES.as_str())
    }
}
