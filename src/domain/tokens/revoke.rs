use serde_json::{Value, json};

use crate::access::{Admin, Principal};
use crate::domain::Error;
use crate::store::audit::{Action, Actor};
use crate::store::{Store, StoreError, audit, tokens};

/// Revokes one of the caller's tokens.
pub async fn revoke_token(store: &Store, caller: &Principal, id: String) -> Result<(), Error> {
    revoke(store, caller.actor(), id, Some(caller.user().id.clone())).await
}

/// Revokes a token of any user.
pub async fn revoke_any_token(store: &Store, admin: &Admin, id: String) -> Result<(), Error> {
    revoke(store, admin.actor(), id, None).await
}

/// Without an `owner` an admin revokes it. A token that is already revoked stays as it is, without an audit row.
async fn revoke(store: &Store, actor: Actor, id: String, owner: Option<String>) -> Result<(), Error> {
    store
        .write(move |change| -> Result<(), StoreError> {
            let Some(owner_id) = tokens::revoke(change, &id, owner.as_deref())? else { return Ok(()) };
            let (action, details) = match owner {
                Some(_) => (Action::TokenRevoke, Value::Null),
                None => (Action::TokenAdminRevoke, json!({ "owner_id": owner_id })),
            };
            audit::record(change, &actor, action, &format!("token:{id}"), details)
        })
        .await?;
    Ok(())
}
