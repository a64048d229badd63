use serde_json::Value;

use crate::domain::Error;
use crate::store::audit::{Action, Actor};
use crate::store::{Store, audit};

/// Records that `actor` was refused a request. `resource` is its method and path.
pub async fn record_refusal(store: &Store, actor: Actor, resource: String, reason: String) -> Result<(), Error> {
    store
        .write(move |change| {
            audit::record_result(change, &actor, Action::AccessDenied, &resource, Value::Null, &reason)?;
            Ok(())
        })
        .await
}
