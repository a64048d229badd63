//! Metrics and tables of OpenMetadata as YAML files below `DATA_DIR/docs`.

mod documents;
mod folder;
mod written;

pub use documents::MARKER;
pub use written::INDEX;

use std::io;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Mutex;

use crate::access::{Admin, Proof};
use crate::config::DataDir;
use crate::domain::{Error, write_as};
use crate::openmetadata::{ClientError, OpenMetadata};
use crate::protocol::catalog_export::CatalogExported;
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::store::registry::Table;

/// Exports the catalog, once at a time.
#[derive(Debug, Default)]
pub struct Exporter(Mutex<()>);

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(
        "OpenMetadata is not configured: set openmetadata.url and openmetadata.token in instance.yaml, and restart"
    )]
    NotConfigured,
    #[error("OpenMetadata {0}; no file was changed")]
    Catalog(#[from] ClientError),
    #[error(transparent)]
    Other(#[from] Error),
}

impl Exporter {
    /// Reads everything from OpenMetadata, and then writes the files. If it cannot be read to the end, nothing is written.
    pub async fn export(
        &self,
        store: &Store,
        openmetadata: &OpenMetadata,
        data_dir: &DataDir,
        admin: &Admin,
    ) -> Result<CatalogExported, ExportError> {
        let running = || Error::conflict("An export is running already; wait until it has ended");
        let _turn = self.0.try_lock().map_err(|_| running())?;
        let reader = openmetadata.reader().ok_or(ExportError::NotConfigured)?;
        let tables: Vec<Arc<Table>> = store.snapshot().registry.all().into_iter().cloned().collect();
        let reading = reader.read(tables.iter().map(|table| table.id.clone()).collect()).await?;
        admin.confirm(&store.snapshot()).map_err(Error::from)?;
        let (docs, selection) = (data_dir.docs(), reader.selection().clone());
        let writing = tokio::task::spawn_blocking(move || written::write(&docs, &selection, &tables, &reading));
        let exported = writing.await.map_err(io::Error::other).flatten().map_err(Error::File)?;
        let details = json!({
            "metrics": exported.metrics.written,
            "tables": exported.tables.written,
            "removed": exported.metrics.removed + exported.tables.removed,
        });
        let actor = admin.actor();
        let recorded = write_as(store, admin.clone(), move |change| {
            Ok(audit::record(change, &actor, Action::CatalogExport, "openmetadata", details)?)
        });
        recorded.await?;
        Ok(exported)
    }
}
