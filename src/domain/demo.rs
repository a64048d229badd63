//! The account and the tables of `agnes serve --demo`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::base::secret::Secret;
use crate::domain::Result;
use crate::protocol::metrics::MetricDefinition;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::column_metadata::{self, ColumnMetadata};
use crate::store::registry::{self, Table};
use crate::store::users::User;
use crate::store::{ADMIN_GROUP, Snapshot, Store, StoreError, members, metrics, users};

/// The account of the demo.
pub const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_NAME: &str = "Demo admin";

/// What is said about the tables.
#[derive(Deserialize)]
pub struct About {
    tables: BTreeMap<String, AboutTable>,
}

#[derive(Deserialize)]
struct AboutTable {
    description: String,
    /// Descriptions by column.
    columns: BTreeMap<String, String>,
}

/// Creates the account, and the tables and metrics unless they exist. Returns the id of the account.
pub async fn register_demo(
    store: &Store,
    tables: Vec<String>,
    about: About,
    metrics: Vec<MetricDefinition>,
    password_hash: Secret,
) -> Result<String> {
    let written = store.write(move |change| {
        let (id, _) = users::ensure(change, ADMIN_EMAIL, Some(ADMIN_NAME))?;
        users::set_password(change, &id, &password_hash)?;
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, "demo")?;
        for name in tables {
            let about = about.tables.get(&name);
            match registry::insert(change, &table(name.clone(), about.map(|about| about.description.clone()))) {
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
            for (column, description) in about.iter().flat_map(|about| &about.columns) {
                column_metadata::put(change, &described(&name, column, description))?;
            }
        }
        metrics.iter().try_for_each(|metric| metrics::put(change, metric))?;
        Ok(id)
    });
    written.await
}

/// Returns whether nothing exists besides what [`register_demo`] creates.
pub fn is_only_demo(snapshot: &Snapshot, tables: &[String]) -> bool {
    let is_demo = |user: &User| user.email == ADMIN_EMAIL && user.name.as_deref() == Some(ADMIN_NAME);
    snapshot.users.all().iter().all(|user| is_demo(user))
        && snapshot.registry.all().iter().all(|row| tables.contains(&row.id))
}

fn table(name: String, description: Option<String>) -> Table {
    Table {
        id: name.clone(),
        description,
        name,
        source_type: Some(SourceType::LOCAL),
        query_mode: Some(QueryMode::Local),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        profile_after_sync: true,
        registered_by: Some(ADMIN_EMAIL.into()),
        ..Table::default()
    }
}

fn described(table: &str, column: &str, description: &str) -> ColumnMetadata {
    ColumnMetadata {
        table: table.to_owned(),
        column: column.to_owned(),
        basetype: None,
        description: Some(description.to_owned()),
        confidence: Some("manual".into()),
        source: Some("demo".into()),
        updated_at: None,
    }
}
