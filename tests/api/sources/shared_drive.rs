//! A source that Agnes does not have: a folder that others share, whose files are fetched from one of its sub-folders.

use std::path::PathBuf;

use agnes::connectors::{Extraction, InvalidRow, Source, SourceError};
use agnes::protocol::discovery::DiscoveredTable;
use agnes::protocol::vocabulary::{QueryMode, SourceType};
use agnes::store::registry::Table;
use futures_util::future::BoxFuture;
use serde_json::json;

#[derive(Debug)]
pub struct SharedDrive {
    pub folder: PathBuf,
}

impl Source for SharedDrive {
    fn kind(&self) -> SourceType {
        SourceType::named("shared_drive")
    }

    fn title(&self) -> String {
        "the shared drive".into()
    }

    fn query_modes(&self) -> &[QueryMode] {
        &[QueryMode::Local]
    }

    fn check(&self, row: &Table) -> Result<(), InvalidRow> {
        match row.bucket.as_deref() {
            Some("reports") => Ok(()),
            other => Err(InvalidRow {
                field: "bucket",
                reason: "the shared drive has one bucket, 'reports'".into(),
                input: json!(other),
            }),
        }
    }

    fn extraction(&self) -> Extraction {
        let kind = self.kind();
        let folder = self.folder.join("reports").into();
        Extraction::new(["files".into(), folder, "--source".into(), kind.as_str().into()])
    }

    fn discover(&self) -> Option<BoxFuture<'_, Result<Vec<DiscoveredTable>, SourceError>>> {
        let failed = |error: std::io::Error| SourceError::Failed(error.to_string());
        Some(Box::pin(async move {
            let mut tables = Vec::new();
            for entry in std::fs::read_dir(self.folder.join("reports")).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                tables.push(DiscoveredTable {
                    id: format!("reports.{name}"),
                    bucket_id: "reports".into(),
                    bucket_name: "Reports".into(),
                    name,
                    columns: Vec::new(),
                    row_count: None,
                    size_bytes: None,
                    primary_key: Vec::new(),
                    last_change: None,
                    last_import: None,
                });
            }
            tables.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(tables)
        }))
    }
}
