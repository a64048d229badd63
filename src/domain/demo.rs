//! The account and the tables of `agnes serve --demo`.

use crate::base::secret::Secret;
use crate::domain::Result;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::registry::{self, Table};
use crate::store::users::User;
use crate::store::{ADMIN_GROUP, Snapshot, Store, StoreError, members, users};

/// The account of the demo.
pub const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_NAME: &str = "Demo admin";

/// Creates the account and registers tables of these names, unless they exist. Returns the id of the account.
pub async fn register_demo(store: &Store, tables: Vec<String>, password_hash: Secret) -> Result<String> {
    let written = store.write(move |change| {
        let (id, _) = users::ensure(change, ADMIN_EMAIL, Some(ADMIN_NAME))?;
        users::set_password(change, &id, &password_hash)?;
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, "demo")?;
        for name in tables {
            match registry::insert(change, &table(name)) {
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
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

fn table(name: String) -> Table {
    Table {
        id: name.clone(),
        description: Some(format!("Sample data: {name} around New York, January and February 2013")),
        name,
        source_type: Some(SourceType::LOCAL),
        query_mode: Some(QueryMode::Local),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        profile_after_sync: true,
        registered_by: Some(ADMIN_EMAIL.into()),
        ..Table::default()
    }
}
