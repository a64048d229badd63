//! Reading all that an export needs. Here the caller waits.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{sleep, timeout};

use super::client::{Client, ClientError};
use super::metric::{CatalogMetric, Metric};
use super::model::CatalogTable;
use super::{OpenMetadata, Selection, Shared};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long everything may take; less than what our own client waits for it.
const DEADLINE: Duration = Duration::from_secs(540);
/// Requests at a time.
const MAX_CONCURRENT: usize = 8;
/// A list that never ends is an error.
const MAX_PAGES: usize = 500;
/// How often a request is repeated that was too much for OpenMetadata, and after which time unless it names one.
const MAX_REPEATS: usize = 5;
const PAUSE: Duration = Duration::from_secs(5);
/// A longer time is not waited for.
const MAX_PAUSE: Duration = Duration::from_secs(60);

pub struct Reader {
    client: Client,
    shared: Arc<Shared>,
}

/// What OpenMetadata has, as far as it is exported.
#[derive(Debug)]
pub struct Reading {
    /// Those that are selected, in order of their fully qualified names.
    pub metrics: Vec<CatalogMetric>,
    /// In the order of the ids.
    pub tables: Vec<TableReading>,
}

/// `None` if OpenMetadata does not know the table.
pub type TableReading = Result<Option<CatalogTable>, ClientError>;

impl OpenMetadata {
    /// `None` unless OpenMetadata is configured.
    pub fn reader(&self) -> Option<Reader> {
        let shared = Arc::clone(self.shared.as_ref()?);
        Some(Reader { client: shared.client.with_timeout(TIMEOUT), shared })
    }
}

impl Reader {
    pub fn selection(&self) -> &Selection {
        &self.shared.settings.selection
    }

    /// Reads the metrics, and the tables with these registry ids. It is an error if OpenMetadata as a whole cannot be
    /// read to the end.
    pub async fn read(&self, tables: Vec<String>) -> Result<Reading, ClientError> {
        let reading = async {
            let metrics = self.metrics().await?;
            let tables = stream::iter(tables).map(|id| self.table(id)).buffered(MAX_CONCURRENT);
            Ok(Reading { metrics, tables: tables.try_collect().await? })
        };
        let late = || ClientError::Network(format!("it has not sent everything within {} seconds", DEADLINE.as_secs()));
        timeout(DEADLINE, reading).await.unwrap_or_else(|_| Err(late()))
    }

    async fn metrics(&self) -> Result<Vec<CatalogMetric>, ClientError> {
        let selection = self.selection();
        let mut metrics = self.every_metric().await?;
        metrics.retain(|metric| metric.is_in(selection));
        metrics.sort_by(|one, two| one.fqn().cmp(two.fqn()));
        let described = metrics.into_iter().map(|metric| {
            let url = self.client.metric_page(metric.fqn());
            CatalogMetric::new(metric, url)
        });
        Ok(described.collect())
    }

    async fn every_metric(&self) -> Result<Vec<Metric>, ClientError> {
        let (mut metrics, mut after) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = patiently(|| self.client.metrics(self.selection(), after.as_deref())).await?;
            metrics.extend(page.data);
            after = page.paging.after.filter(|after| !after.is_empty());
            if after.is_none() {
                return Ok(metrics);
            }
        }
        Err(ClientError::Unreadable(format!("its list of metrics has more than {MAX_PAGES} pages")))
    }

    async fn table(&self, id: String) -> Result<TableReading, ClientError> {
        let fqn = self.shared.settings.fqn(&id);
        match patiently(|| self.client.table(&fqn)).await {
            Err(error) if error.is_outage() => Err(error),
            Err(error) => Ok(Err(error)),
            Ok(table) => {
                let url = self.client.table_page(&fqn);
                Ok(Ok(table.map(|table| CatalogTable::new(table, fqn, url))))
            }
        }
    }
}

/// Repeats a request for which OpenMetadata had no time.
async fn patiently<T, F>(request: impl Fn() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    for _ in 0..MAX_REPEATS {
        match request().await {
            Err(ClientError::Busy(after)) if after.is_none_or(|after| after <= MAX_PAUSE) => {
                sleep(after.unwrap_or(PAUSE)).await;
            }
            outcome => return outcome,
        }
    }
    request().await
}
