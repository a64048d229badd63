mod delete;
mod discovery;
mod register;
mod rename;
mod types;
mod update;

use serde_json::Value;

use crate::support::TestApp;
use crate::support::people::list;

/// The registry row with this id.
pub async fn row(app: &TestApp, id: &str) -> Option<Value> {
    let registry = app.admin().await.get("/api/admin/registry").await.ok();
    list(&registry["tables"]).iter().find(|row| row["id"] == id).cloned()
}
