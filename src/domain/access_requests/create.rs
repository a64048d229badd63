use serde_json::json;

use super::view;
use crate::access::{Principal, holds};
use crate::domain::{Error, rules};
use crate::protocol::access::AccessRequest;
use crate::store::audit::Action;
use crate::store::{Store, access_requests, audit};

/// Maximum lengths, in characters.
const MAX_TABLE_CHARS: usize = 500;
const MAX_REASON_CHARS: usize = 2000;

/// Requests access to a table, by its name or registry id. The outcome does not reveal whether there is such a table.
pub async fn create_access_request(
    store: &Store,
    caller: &Principal,
    table: &str,
    reason: &str,
) -> Result<AccessRequest, Error> {
    let table = rules::short("table_id", table, MAX_TABLE_CHARS)?;
    let reason = rules::short("reason", reason, MAX_REASON_CHARS)?;
    if table.is_empty() {
        return Err(Error::invalid("table_id is required"));
    }
    let caller = caller.clone();
    let request = store.write(move |change| {
        if holds(change.snapshot(), &caller, &table) {
            return Err(Error::conflict("You already have access to this table"));
        }
        let user = caller.user();
        let request = access_requests::insert(change, &user.id, &user.email, &table, &reason)?;
        let (resource, details) = (format!("access_request:{}", request.id), json!({ "table_id": table }));
        audit::record(change, &caller.actor(), Action::AccessRequestCreated, &resource, details)?;
        Ok(request)
    });
    Ok(view::access_request(request.await?, None))
}
