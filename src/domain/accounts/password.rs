use serde_json::json;

use super::{MANAGED_ELSEWHERE, view};
use crate::access::Admin;
use crate::base::secret::Secret;
use crate::config::GoogleGroups;
use crate::domain::{Error, rules};
use crate::store::audit::Action;
use crate::store::one_time::{self, Purpose};
use crate::store::{Snapshot, Store, audit, users};

/// With what a user can choose another password.
pub struct ResetToken {
    pub email: String,
    pub token: Secret,
}

/// Issues a one-time token for choosing another password. The user's previous token stops working.
pub async fn issue_reset_token(
    store: &Store,
    admin: &Admin,
    google: &GoogleGroups,
    id: &str,
) -> Result<ResetToken, Error> {
    let (actor, google, id) = (admin.actor(), google.clone(), id.to_owned());
    store
        .write(move |change| {
            let email = email_of_password_user(&google, change.snapshot(), &id)?;
            let token = one_time::issue(change, &id, Purpose::Reset)?;
            let details = json!({ "email": email });
            audit::record(change, &actor, Action::UserResetPassword, &format!("user:{id}"), details)?;
            Ok(ResetToken { email, token })
        })
        .await
}

/// Gives a user a password, of which `hash` is the hash; see [`rules::password`].
pub async fn set_password(
    store: &Store,
    admin: &Admin,
    google: &GoogleGroups,
    id: &str,
    hash: Secret,
) -> Result<(), Error> {
    let (actor, google, id) = (admin.actor(), google.clone(), id.to_owned());
    store
        .write(move |change| {
            let email = email_of_password_user(&google, change.snapshot(), &id)?;
            users::set_password(change, &id, &hash)?;
            let details = json!({ "email": email });
            Ok(audit::record(change, &actor, Action::UserSetPassword, &format!("user:{id}"), details)?)
        })
        .await
}

/// Returns the user's address, unless the user cannot have a password here.
fn email_of_password_user(google: &GoogleGroups, snapshot: &Snapshot, id: &str) -> Result<String, Error> {
    let email = &view::existing(snapshot, id)?.email;
    if view::is_sso(google, snapshot, id) {
        return Err(Error::conflict(MANAGED_ELSEWHERE));
    }
    if rules::is_service_account(email) {
        return Err(Error::conflict("The scheduler signs in with SCHEDULER_API_TOKEN and has no password"));
    }
    Ok(email.clone())
}
