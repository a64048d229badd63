//! What a source offers, and descriptions sent there.

pub mod push;
pub mod register;
pub mod tables;

use std::time::Duration;

use crate::connectors::keboola::client::StorageClient;
use crate::connectors::keboola::{self, model};
use crate::server::AppState;

/// How long a source may take to list its tables.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client for the configured project.
fn client(app: &AppState) -> Result<StorageClient, String> {
    let settings =
        keboola::Settings::resolve(&app.config.instance, &app.config.env).map_err(|error| error.to_string())?;
    StorageClient::new(&settings).map_err(|error| error.to_string())
}

/// The tables of the project, in order of their ids.
async fn list(app: &AppState) -> Result<Vec<model::Table>, String> {
    let client = client(app)?;
    let listed = tokio::time::timeout(PATIENCE, client.tables()).await;
    let late = format!("Keboola did not list its tables within {} s", PATIENCE.as_secs());
    let mut tables = listed.map_err(|_| late)?.map_err(|error| error.to_string())?;
    tables.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(tables)
}

/// `in.c-crm.orders` → `in.c-crm`, `orders`: a bucket's id has dots, a table's name has none.
fn split(id: &str) -> (&str, &str) {
    id.rsplit_once('.').unwrap_or(("", id))
}
