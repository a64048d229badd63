use serde_json::json;

use crate::access::Admin;
use crate::base::secret::Secret;
use crate::domain::{Error, rules};
use crate::store::audit::Action;
use crate::store::one_time::{self, Purpose};
use crate::store::{Store, audit, users};

/// A user that was added.
pub struct CreatedUser {
    pub id: String,
    pub email: String,
    /// The one-time token of the invitation, if one was requested.
    pub invitation: Option<Secret>,
}

/// Adds a user, who can do nothing until a group and a password (or another way to sign in) are given.
pub async fn create_user(
    store: &Store,
    admin: &Admin,
    email: &str,
    name: String,
    invite: bool,
) -> Result<CreatedUser, Error> {
    let (email, actor) = (rules::email(email)?, admin.actor());
    store
        .write(move |change| {
            let id = users::insert(change, &email, Some(&name))?;
            audit::record(change, &actor, Action::UserCreate, &format!("user:{id}"), json!({ "email": email }))?;
            let invitation = invite.then(|| one_time::issue(change, &id, Purpose::Setup)).transpose()?;
            Ok(CreatedUser { id, email, invitation })
        })
        .await
}

/// Records that an invitation was made, and whether its mail was accepted for delivery.
pub async fn record_invitation(
    store: &Store,
    admin: &Admin,
    id: &str,
    email: &str,
    is_sent: bool,
) -> Result<(), Error> {
    let (actor, resource) = (admin.actor(), format!("user:{id}"));
    let details = json!({ "email": email, "email_sent": is_sent });
    store.write(move |change| Ok(audit::record(change, &actor, Action::UserInvite, &resource, details)?)).await
}
