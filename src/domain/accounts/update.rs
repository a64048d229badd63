use serde_json::{Map, json};

use super::{check_removable, view};
use crate::access::{Admin, Principal};
use crate::domain::{Error, rules};
use crate::store::audit::Action;
use crate::store::{Store, accounts, audit, users};

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
