use std::collections::HashMap;
use std::net::IpAddr;

use serde_json::json;

use crate::base::time;
use crate::store::audit::{Action, Actor};
use crate::store::tokens::{self, Use};
use crate::store::{Store, StoreError, audit};

/// Stores the last use of each token, by token id.
pub async fn record_token_uses(store: &Store, uses: HashMap<String, Use>) -> Result<(), StoreError> {
    store.write(move |change| tokens::used(change, &uses)).await
}

/// Records that a token came from another address than at its previous use.
pub async fn record_new_address(
    store: &Store,
    actor: Actor,
    token_id: String,
    previous: IpAddr,
    current: IpAddr,
) -> Result<(), StoreError> {
    let details = json!({ "ip": current.to_string(), "previous_ip": previous.to_string() });
    store
        .write(move |change| {
            let last_use = Use { at: time::now(), ip: Some(current) };
            tokens::used(change, &HashMap::from([(token_id.clone(), last_use)]))?;
            audit::record(change, &actor, Action::TokenFirstUseNewIp, &format!("token:{token_id}"), details)
        })
        .await
}
