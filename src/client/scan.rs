//! Filtered extracts of one table.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, TE};

use super::results::{ResultStream, is};
use super::transfer::TRANSFER_TIMEOUT;
use super::{Client, ClientError};
use crate::protocol::query::ARROW;
use crate::protocol::v2::{ScanEstimate, ScanRequest};

/// Timeout of an estimate, for which a warehouse may be asked.
const ESTIMATE_TIMEOUT: Duration = Duration::from_secs(120);

impl Client {
    /// What a scan would read and return.
    pub async fn estimate_scan(&self, request: &ScanRequest) -> Result<ScanEstimate, ClientError> {
        let builder = self.builder(Method::POST, &["api", "v2", "scan", "estimate"], ESTIMATE_TIMEOUT)?;
        self.json(self.follow(builder.json(request)).await?).await
    }

    /// Starts a scan. Its rows come as an Arrow stream.
    pub async fn scan(&self, request: &ScanRequest) -> Result<ResultStream, ClientError> {
        let builder = self.builder(Method::POST, &["api", "v2", "scan"], TRANSFER_TIMEOUT)?.json(request);
        let accept = format!("{ARROW};values=native;codec=lz4, {ARROW};q=0.9");
        let builder = builder.header(ACCEPT, accept).header(TE, "trailers");
        let started = tokio::time::timeout(super::QUERY_TIMEOUT, self.follow(builder)).await;
        let response = started.map_err(|_| self.interrupted("it did not answer in time"))??;
        match is(&response, ARROW) {
            true => Ok(ResultStream::new(self.server(), response)),
            false => Err(self.not_agnes("it did not send rows as an Arrow stream")),
        }
    }
}
