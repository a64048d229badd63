//! Types and descriptions of columns, stored with a table.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::client::StorageClient;
use super::retry::{self, Failure};
use crate::store::column_metadata::ColumnMetadata;

/// How much of an answer is shown, in characters.
const MAX_SHOWN: usize = 200;

/// Why a column was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("{} {text}", status.as_u16())]
    Refused { status: StatusCode, text: String },
    #[error("request error — {0}")]
    Network(String),
    #[error("request error — not stored within {0} s")]
    Deadline(u64),
    #[error("request error — an address cannot contain that name")]
    Name,
}

impl StorageClient {
    /// Stores type and description of one column.
    pub async fn push_metadata(&self, table: &str, column: &ColumnMetadata) -> Result<(), PushError> {
        let name = column.column.as_str();
        // Addresses lose those names, and the characters.
        if ["", ".", ".."].contains(&name) || name.contains(char::is_control) {
            return Err(PushError::Name);
        }
        let url = self.url(&["tables", table, "columns", name, "metadata"]);
        let values = [("KBC.datatype.basetype", &column.basetype), ("KBC.description", &column.description)];
        let entries: Vec<Value> = values
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_deref().filter(|value| !value.is_empty())?)))
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        let body = json!({"provider": "ai-metadata-enrichment", "metadata": entries});
        let attempt = || async {
            let network = |error| Failure::Passing(PushError::Network(retry::network_text(error)), None);
            let request = self.http.post(url.clone()).json(&body);
            let response = request.send().await.map_err(network)?;
            let (status, requested) = (response.status(), retry::retry_after(response.headers()));
            if status.is_success() {
                return Ok(());
            }
            let text = response.text().await.map_err(network)?.replace(self.settings.token.expose(), "***");
            let text = text.chars().take(MAX_SHOWN).collect();
            Err(Failure::answered(status, requested, PushError::Refused { status, text }))
        };
        self.settings.retry.run(attempt).await
    }
}
