//! Profiles of what a run changed.

use super::runner::Runner;
use crate::extract::{Content, PublishedTable};
use crate::profiler::profile;
use crate::store::{StoreError, profiles};

impl Runner {
    /// Profiles every published table whose content has changed since its last profile. A failure is logged, and the table
    /// is profiled again after its next change.
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
                tracing::warn!(table = table.name, error, "table not profiled");
            }
        }
    }

    /// Profiles a table and stores that. Returns the number of its columns.
    pub async fn profile(&self, table: &PublishedTable) -> Result<usize, String> {
        let _turn = self.profiling.lock().await;
        let row = self.store.snapshot().registry.by_name(&table.name).cloned();
        let (config, limits, owned) = (self.settings.profiler.clone(), self.settings.limits.clone(), table.clone());
        let made = tokio::task::spawn_blocking(move || profile(&owned, row.as_deref(), &config, &limits)).await;
        let made = made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let columns = made["columns"].as_array().map_or(0, Vec::len);
        let (name, version) = (table.name.clone(), table.version());
        let stored = self.store.write(move |change| profiles::put(change, &name, &version, &made));
        stored.await.map_err(|error: StoreError| error.to_string())?;
        Ok(columns)
    }

    fn is_profiled(&self, table: &PublishedTable) -> bool {
        self.store.snapshot().registry.by_name(&table.name).is_none_or(|row| row.profile_after_sync)
    }
}
