use serde_json::json;

use super::{MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS};
use crate::access::Admin;
use crate::domain::{Error, rules};
use crate::store::audit::Action;
use crate::store::{Store, audit, groups};

/// Adds a group and returns its id.
pub async fn create_group(
    store: &Store,
    admin: &Admin,
    name: &str,
    description: Option<String>,
) -> Result<String, Error> {
    let name = rules::short("name", name, MAX_NAME_CHARS)?;
    rules::limit("description", description.as_deref().unwrap_or_default(), MAX_DESCRIPTION_CHARS)?;
    if name.is_empty() {
        return Err(Error::invalid("Group name is required"));
    }
    let (actor, email) = (admin.actor(), admin.user().email.clone());
    store
        .write(move |change| {
            let id = groups::insert(change, &name, description.as_deref(), &email)?;
            let details = json!({ "name": name });
            audit::record(change, &actor, Action::UserGroupCreated, &format!("group:{id}"), details)?;
            Ok(id)
        })
        .await
}
