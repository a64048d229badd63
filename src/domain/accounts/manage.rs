use serde_json::{Map, json};

use super::{MANAGED_ELSEWHERE, view};
use crate::access::{Admin, Principal, is_admin};
use crate::config::GoogleGroups;
use crate::domain::{Error, rules};
use crate::store::audit::Action;
use crate::store::users::User;
use crate::store::{Store, Transaction, accounts, audit, members, users};

/// Renames, activates or deactivates a user; `None` leaves things unchanged. Deactivation ends all sessions and
/// personal tokens.
pub async fn update_user(
    store: &Store,
    admin: &Admin,
    id: &str,
    name: Option<&str>,
    active: Option<bool>,
) -> Result<(), Error> {
    let name = name.map(rules::name).transpose()?;
    if name.is_none() && active.is_none() {
        return Ok(());
    }
    let (admin, id) = (admin.clone(), id.to_owned());
    store
        .write(move |change| {
            let user = view::existing(change.snapshot(), &id)?;
            let mut details = Map::new();
            match active {
                Some(true) => accounts::activate(change, &id)?,
                Some(false) => {
                    let by = &admin.user().id;
                    check_removable(change, user, by, "deactivate")?;
                    accounts::deactivate(change, &id, by)?;
                    details.insert("deactivated_by".into(), json!(by));
                }
                None => {}
            }
            active.map(|active| details.insert("active".into(), json!(active)));
            if let Some(name) = name {
                users::set_name(change, &id, &name)?;
                details.insert("name".into(), json!(name));
            }
            Ok(audit::record(change, &admin.actor(), Action::UserUpdate, &format!("user:{id}"), details.into())?)
        })
        .await
}

/// Changes the caller's own display name.
pub async fn update_own_name(store: &Store, caller: &Principal, name: &str) -> Result<(), Error> {
    let (id, actor, name) = (caller.user().id.clone(), caller.actor(), rules::name(name)?);
    store
        .write(move |change| {
            users::set_name(change, &id, &name)?;
            Ok(audit::record(change, &actor, Action::UserUpdate, &format!("user:{id}"), json!({ "name": name }))?)
        })
        .await
}

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

/// Checks that a user can be deactivated or deleted, which `action` says: not the admin who requests it, not the
/// scheduler's account, and not the last active admin.
fn check_removable(change: &Transaction<'_>, user: &User, admin_id: &str, action: &str) -> Result<(), Error> {
    if user.id == admin_id {
        return Err(Error::conflict(format!("Cannot {action} yourself")));
    }
    if rules::is_service_account(&user.email) {
        return Err(Error::conflict(format!(
            "The scheduler's account cannot be {action}d; unset SCHEDULER_API_TOKEN to disable it"
        )));
    }
    if user.active && is_admin(change.snapshot(), &user.id) && !members::has_other_admin(change, &user.id)? {
        return Err(Error::conflict(format!("Cannot {action} the last active admin")));
    }
    Ok(())
}
