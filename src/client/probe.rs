//! Asking how the server is, and what it would hand out.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Method;
use reqwest::header::DATE;

use super::{Client, ClientError, TIMEOUT};
use crate::protocol::client_program::LatestClient;
use crate::protocol::system::Health;

impl Client {
    /// The state of the server, and the time on its clock if it says so.
    pub async fn health(&self) -> Result<(Health, Option<Timestamp>), ClientError> {
        let response = self.follow(self.builder(Method::GET, &["api", "health"], TIMEOUT)?).await?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let clock = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
        Ok((self.json(response).await?, clock))
    }

    /// Succeeds if the caller could download the table.
    pub async fn may_download(&self, table: &str) -> Result<(), ClientError> {
        self.call(Method::HEAD, &["api", "data", table, "download"], TIMEOUT).await
    }

    /// Which version of the command line the server hands out.
    pub async fn latest_program(&self) -> Result<LatestClient, ClientError> {
        self.get(&["cli", "latest"], &[]).await
    }
}
