//! People who can sign in, and the operations of administrators on their accounts.

mod break_glass;
pub mod view;

use serde_json::{Map, json};

use crate::access::{Admin, Principal, is_admin};
use crate::base::secret::Secret;
use crate::domain::saved_queries::release_queries;
use crate::domain::{Error, Result, rules, write_as};
use crate::store::audit::{self, Action};
use crate::store::one_time::{self, Purpose};
use crate::store::users::{self, User};
use crate::store::{Snapshot, Store, StoreError, Transaction, accounts, members};
use crate::sync::Runner;

pub use self::break_glass::break_glass_grant_admin;

const MANAGED_ELSEWHERE: &str =
    "User is managed by an external SSO provider; this operation must be performed in the upstream system";

/// A user that was added.
pub struct CreatedUser {
    pub id: String,
    pub email: String,
    /// The one-time token of the invitation, if one was requested.
    pub invitation: Option<Secret>,
}

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given.
pub async fn create_user(store: &Store, admin: &Admin, email: &str, name: String, invite: bool) -> Result<CreatedUser> {
    let (email, admin) = (rules::email(email)?, admin.clone());
    write_as(store, admin.clone(), move |change| add_user(change, &admin, email, &name, invite)).await
}

/// Adds a user whose address has been checked, within a transaction.
pub(in crate::domain) fn add_user(
    change: &Transaction<'_>,
    admin: &Admin,
    email: String,
    name: &str,
    invite: bool,
) -> Result<CreatedUser> {
    let id = users::insert(change, &email, Some(name))?;
    audit::record(change, &admin.actor(), Action::UserCreate, &format!("user:{id}"), json!({ "email": email }))?;
    let invitation = invite.then(|| one_time::issue(change, &id, Purpose::Setup)).transpose()?;
    Ok(CreatedUser { id, email, invitation })
}

/// Records that an invitation was made, and whether its mail was accepted for delivery.
pub async fn record_invitation(store: &Store, admin: &Admin, id: &str, email: &str, is_sent: bool) -> Result<()> {
    let (actor, resource) = (admin.actor(), format!("user:{id}"));
    let details = json!({ "email": email, "email_sent": is_sent });
    store.write(move |change| Ok(audit::record(change, &actor, Action::UserInvite, &resource, details)?)).await
}

/// Renames, activates or deactivates a user; `None` leaves things unchanged. Deactivation ends all sessions and
/// personal tokens.
pub async fn update_user(
    store: &Store,
    admin: &Admin,
    id: &str,
    name: Option<&str>,
    active: Option<bool>,
) -> Result<()> {
    let name = name.map(rules::name).transpose()?;
    if name.is_none() && active.is_none() {
        return Ok(());
    }
    let (admin, id) = (admin.clone(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
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
    });
    written.await
}

/// Changes the caller's own display name.
pub async fn update_own_name(store: &Store, caller: &Principal, name: &str) -> Result<()> {
    let (id, actor, name) = (caller.user().id.clone(), caller.actor(), rules::name(name)?);
    let written = write_as(store, caller.clone(), move |change| {
        users::set_name(change, &id, &name)?;
        Ok(audit::record(change, &actor, Action::UserUpdate, &format!("user:{id}"), json!({ "name": name }))?)
    });
    written.await
}

/// Removes a user with everything personal. What they share passes to the admin.
pub async fn delete_user(store: &Store, runner: &Runner, admin: &Admin, id: &str) -> Result<()> {
    let (admin, id) = (admin.clone(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let snapshot = change.snapshot();
        let user = view::existing(snapshot, &id)?;
        if id != admin.user().id && view::is_sso(snapshot, &id) {
            return Err(Error::conflict(MANAGED_ELSEWHERE));
        }
        check_removable(change, user, &admin.user().id, "delete")?;
        let dropped = release_queries(change, &admin, &id)?;
        accounts::delete(change, &id)?;
        let details = json!({ "email": user.email });
        audit::record(change, &admin.actor(), Action::UserDelete, &format!("user:{id}"), details)?;
        Ok(dropped)
    });
    for table in written.await? {
        runner.retire(&table).await?;
    }
    Ok(())
}

/// Checks that a user can be deactivated or deleted, which `action` says: not the admin who requests it, not the
/// scheduler's account, and not the last active admin.
fn check_removable(change: &Transaction<'_>, user: &User, admin_id: &str, action: &str) -> Result<()> {
    if user.id == admin_id {
        return Err(Error::conflict(format!("Cannot {action} yourself")));
    }
    if rules::is_service_account(&user.email) {
        return Err(Error::conflict(format!(
            "The scheduler's account cannot be {action}d; unset SCHEDULER_API_TOKEN to disable it"
        )));
    }
    if user.active
        && is_admin(change.snapshot(), &user.id)
        && !members::has_other_admin(change, &user.id).map_err(StoreError::from)?
    {
        return Err(Error::conflict(format!("Cannot {action} the last active admin")));
    }
    Ok(())
}

/// With what a user can choose another password.
pub struct ResetToken {
    pub email: String,
    pub token: Secret,
}

/// Issues a one-time token for choosing another password. The user's previous token stops working.
pub async fn issue_reset_token(store: &Store, admin: &Admin, id: &str) -> Result<ResetToken> {
    let (actor, id) = (admin.actor(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let email = email_of_password_user(change.snapshot(), &id)?;
        let token = one_time::issue(change, &id, Purpose::Reset)?;
        let details = json!({ "email": email });
        audit::record(change, &actor, Action::UserResetPassword, &format!("user:{id}"), details)?;
        Ok(ResetToken { email, token })
    });
    written.await
}

/// Sets the hash of a user's password; see [`rules::password`]. Replacing a password ends all sessions and personal tokens.
pub async fn set_password(store: &Store, admin: &Admin, id: &str, hash: Secret) -> Result<()> {
    let (actor, id) = (admin.actor(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let email = email_of_password_user(change.snapshot(), &id)?;
        users::set_password(change, &id, &hash)?;
        let details = json!({ "email": email });
        Ok(audit::record(change, &actor, Action::UserSetPassword, &format!("user:{id}"), details)?)
    });
    written.await
}

/// Returns the user's address, unless the user cannot have a password here.
fn email_of_password_user(snapshot: &Snapshot, id: &str) -> Result<String> {
    let email = &view::existing(snapshot, id)?.email;
    if view::is_sso(snapshot, id) {
        return Err(Error::conflict(MANAGED_ELSEWHERE));
    }
    if rules::is_service_account(email) {
        return Err(Error::conflict("The scheduler signs in with SCHEDULER_API_TOKEN and has no password"));
    }
    Ok(email.clone())
}
