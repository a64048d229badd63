use super::view;
use crate::access::Principal;
use crate::domain::Error;
use crate::protocol::access::AccessRequests;
use crate::store::Store;
use crate::store::access_requests::{self, APPROVED, AccessRequestFilter, DENIED, PENDING};

/// Returns the requests with a status, or all, oldest first.
pub async fn list_access_requests(store: &Store, status: Option<String>) -> Result<AccessRequests, Error> {
    let filter = match status {
        None => AccessRequestFilter::All,
        Some(status) if [PENDING, APPROVED, DENIED].contains(&status.as_str()) => {
            AccessRequestFilter::WithStatus(status)
        }
        Some(_) => return Err(Error::invalid("status must be pending, approved or denied")),
    };
    list(store, filter).await
}

/// Returns the caller's own requests, newest first.
pub async fn list_own_access_requests(store: &Store, caller: &Principal) -> Result<AccessRequests, Error> {
    let mut list = list(store, AccessRequestFilter::OfUser(caller.user().id.clone())).await?;
    list.requests.reverse();
    Ok(list)
}

async fn list(store: &Store, filter: AccessRequestFilter) -> Result<AccessRequests, Error> {
    let stored = store.read(move |reader| access_requests::list(reader, &filter)).await?;
    let requests: Vec<_> = stored.into_iter().map(|request| view::access_request(request, None)).collect();
    Ok(AccessRequests { count: requests.len(), requests })
}
