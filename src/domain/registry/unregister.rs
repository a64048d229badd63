use serde_json::json;

use crate::access::Admin;
use crate::domain::Error;
use crate::store::audit::{self, Action};
use crate::store::{Store, StoreError, registry};
use crate::sync::Runner;

/// Unregisters a table: its grants, sync state, file and view go with it.
pub async fn unregister_table(store: &Store, runner: &Runner, admin: &Admin, id: String) -> Result<(), Error> {
    let actor = admin.actor();
    let table = store
        .write(move |change| -> Result<_, StoreError> {
            let table = registry::delete(change, &id)?;
            let details = json!({
                "name": table.name,
                "source_type": table.source_type,
                "bucket": table.bucket,
                "source_table": table.source_table,
            });
            audit::record(change, &actor, Action::TableUnregister, &id, details)?;
            Ok(table)
        })
        .await?;
    Ok(runner.retire(&table).await?)
}
