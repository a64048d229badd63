use serde_json::json;

use super::{MANAGED_ELSEWHERE, check_removable, view};
use crate::access::Admin;
use crate::config::GoogleGroups;
use crate::domain::Error;
use crate::store::audit::Action;
use crate::store::{Store, accounts, audit};

/// Removes a user with everything personal.
pub async fn delete_user(store: &Store, admin: &Admin, google: &GoogleGroups, id: &str) -> Result<(), Error> {
    let (admin, google, id) = (admin.clone(), google.clone(), id.to_owned());
    store
        .write(move |change| {
            let snapshot = change.snapshot();
            let user = view::existing(snapshot, &id)?;
            if id != admin.user().id && view::is_sso(&google, snapshot, &id) {
                return Err(Error::conflict(MANAGED_ELSEWHERE));
            }
            check_removable(change, user, &admin.user().id, "delete")?;
            accounts::delete(change, &id)?;
            let details = json!({ "email": user.email });
            Ok(audit::record(change, &admin.actor(), Action::UserDelete, &format!("user:{id}"), details)?)
        })
        .await
}
