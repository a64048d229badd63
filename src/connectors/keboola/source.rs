//! Keboola as an entry of the list of sources.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::StorageClient;
use super::{Settings, model, run};
use crate::base::ident::{self, repr};
use crate::base::secret::Secret;
use crate::config::{self, env_vars};
use crate::connectors::{Extraction, InvalidRow, Provided, Report, Request, Source, SourceError};
use crate::extract::RemoteAttach;
use crate::protocol::discovery::DiscoveredTable;
use crate::protocol::vocabulary::SourceType;
use crate::store::column_metadata::ColumnMetadata;
use crate::store::registry::Table;

pub const SOURCE: Provided = Provided {
    kind: SourceType::KEBOOLA,
    command: Some("Read the registered tables of a Keboola project; credentials come from the environment"),
    configure: |settings| Arc::new(KeboolaSource::new(settings)),
};

/// How long a project may take to list its tables.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct KeboolaSource {
    /// Why there are none is shown to whoever needs them.
    settings: Result<Settings, String>,
    has_block: bool,
    directory: PathBuf,
}

impl KeboolaSource {
    fn new(settings: &config::Settings) -> Self {
        let resolved = Settings::resolve(&settings.instance, &settings.env);
        Self {
            settings: resolved.map_err(|error| error.to_string()),
            has_block: settings.instance.data_source.keboola.is_some(),
            directory: settings.data_dir.extract(SourceType::KEBOOLA.as_str()),
        }
    }

    fn settings(&self) -> Result<&Settings, SourceError> {
        self.settings.as_ref().map_err(|error| SourceError::Unusable(error.clone()))
    }

    fn client(&self) -> Result<StorageClient, SourceError> {
        StorageClient::new(self.settings()?).map_err(|error| SourceError::Unusable(error.to_string()))
    }

    async fn list(&self) -> Result<Vec<DiscoveredTable>, SourceError> {
        let client = self.client()?;
        let listed = tokio::time::timeout(LIST_TIMEOUT, client.tables()).await.map_err(|_| {
            SourceError::Failed(format!("Keboola did not list its tables within {} s", LIST_TIMEOUT.as_secs()))
        })?;
        let mut tables = listed.map_err(|error| SourceError::Failed(error.to_string()))?;
        tables.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(tables.into_iter().map(discovered).collect())
    }

    async fn push(&self, row: &Table, columns: Vec<Arc<ColumnMetadata>>) -> Result<(), SourceError> {
        let missing = |_| SourceError::Unusable("KBC_STACK_URL and KBC_STORAGE_TOKEN must be set".into());
        let client = self.client().map_err(missing)?;
        if columns.is_empty() {
            return Ok(());
        }
        let table = row.source_table.as_deref().filter(|table| !table.is_empty());
        let id = match (row.bucket.as_deref().filter(|bucket| !bucket.is_empty()), table) {
            (Some(bucket), Some(table)) if table.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('.')) => {
                table.to_owned()
            }
            (Some(bucket), table) => format!("{bucket}.{}", table.unwrap_or(&row.name)),
            (None, table) => table.unwrap_or(&row.id).to_owned(),
        };
        client.push_metadata(&id, columns).await.map_err(|error| SourceError::Failed(error.to_string()))
    }
}

impl Source for KeboolaSource {
    fn kind(&self) -> SourceType {
        SourceType::KEBOOLA
    }

    fn title(&self) -> String {
        "Keboola".into()
    }

    fn is_configured(&self) -> bool {
        self.has_block
    }

    fn check(&self, row: &Table) -> Result<(), InvalidRow> {
        // They end up in addresses and SQL.
        for (field, value) in [("bucket", &row.bucket), ("source_table", &row.source_table)] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty() && !ident::is_relaxed(value)) {
                let reason = format!("{field} {} is unsafe: only letters, digits, _, . and - are allowed", repr(value));
                return Err(InvalidRow { field, reason, input: value.into() });
            }
        }
        Ok(())
    }

    fn has_keys(&self) -> bool {
        true
    }

    fn extraction(&self) -> Extraction {
        let secrets = self.settings.iter().flat_map(|settings| {
            let url = Secret::new(settings.stack_url.as_str());
            [(env_vars::KEBOOLA_STACK_URL.name, url), (env_vars::KEBOOLA_STORAGE_TOKEN.name, settings.token.clone())]
        });
        Extraction {
            variables: ["KEBOOLA_*", "KBC_*", "AGNES_KEBOOLA_*"].map(str::to_owned).into(),
            secrets: secrets.collect(),
            ..Extraction::new([SourceType::KEBOOLA.as_str().into()])
        }
    }

    fn attachment(&self) -> Option<RemoteAttach> {
        self.settings.as_ref().ok().map(Settings::attach)
    }

    fn ready(&self) -> Result<(), SourceError> {
        self.settings().map(drop)
    }

    fn extract(&self, request: Request) -> BoxFuture<'_, Result<Report, SourceError>> {
        async move { Ok(run(self.settings()?, &self.directory, request).await) }.boxed()
    }

    fn discover(&self) -> Option<BoxFuture<'_, Result<Vec<DiscoveredTable>, SourceError>>> {
        Some(self.list().boxed())
    }

    /// `in.c-crm` → `crm`.
    fn bucket_label<'a>(&self, bucket: &'a str) -> &'a str {
        bucket.rsplit_once("c-").map_or(bucket, |(_, label)| label)
    }

    fn push_descriptions<'a>(
        &'a self,
        row: &'a Table,
        columns: Vec<Arc<ColumnMetadata>>,
    ) -> Option<BoxFuture<'a, Result<(), SourceError>>> {
        Some(self.push(row, columns).boxed())
    }
}

fn discovered(table: model::Table) -> DiscoveredTable {
    // A bucket's id has dots, a table's name has none.
    let bucket_id = table.id.rsplit_once('.').map_or("", |(bucket, _)| bucket).to_owned();
    let primary_key = table.key();
    DiscoveredTable {
        bucket_name: table.bucket.map_or_else(|| bucket_id.clone(), |bucket| bucket.name),
        bucket_id,
        primary_key,
        id: table.id,
        name: table.name,
        columns: table.columns,
        row_count: table.rows_count,
        size_bytes: table.data_size_bytes,
        last_change: table.last_change_date,
        last_import: table.last_import_date,
    }
}
