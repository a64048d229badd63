//! Requests for access, for admins who decide on them.

pub mod review;

use minijinja::{Value, context};

use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Admin;
use crate::domain::access_requests::list_access_requests;
use crate::protocol::access::AccessRequest;
use crate::store::Snapshot;
use crate::store::access_requests::{APPROVED, DENIED, PENDING};

const COLUMNS: &[(&str, &str)] = &[
    ("person", "Person"),
    ("name", "Table"),
    ("", "Reason"),
    ("requested", "Requested"),
    ("", "State"),
    ("decided", "Decision"),
    ("", ""),
];

/// `GET /admin/access-requests`: the pending ones first, the oldest of them at the top; then the last decisions.
pub async fn show_requests(_: SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let mut requests = list_access_requests(&page.app.store, None).await?.requests;
    requests.retain(|request| {
        list.filter("state").is_none_or(|state| state == request.status)
            && list.matches(&[person(request), &request.table_id, request.reason.as_deref().unwrap_or_default()])
    });
    list.sort(&mut requests, "waiting", |column, one, other| match column {
        "person" => person(one).cmp(person(other)),
        "name" => one.table_id.to_lowercase().cmp(&other.table_id.to_lowercase()),
        "requested" => one.requested_at.cmp(&other.requested_at),
        "decided" => one.reviewed_at.cmp(&other.reviewed_at),
        _ => match (one.status == PENDING, other.status == PENDING) {
            (true, true) => one.requested_at.cmp(&other.requested_at),
            (false, false) => other.reviewed_at.cmp(&one.reviewed_at),
            (one, other) => other.cmp(&one),
        },
    });
    let rows: Vec<Value> = list.page(&requests).iter().map(|request| row(&snapshot, request)).collect();
    let states = [(PENDING, "Pending"), (APPROVED, "Approved"), (DENIED, "Denied")];
    let states = states.map(|(state, label)| vec![state, label]).to_vec();
    let list = list.values(requests.len(), COLUMNS, "waiting");
    page.render("all_access_requests.html", context! { list, rows, states, pending => snapshot.pending_requests })
}

fn person(request: &AccessRequest) -> &str {
    request.user_email.as_deref().unwrap_or(&request.user_id)
}

/// What pages show of a request.
fn row(snapshot: &Snapshot, request: &AccessRequest) -> Value {
    let AccessRequest { id, user_id, table_id, reason, status, requested_at, reviewed_by, reviewed_at, .. } = request;
    let table = snapshot.registry.get(table_id).or_else(|| snapshot.registry.by_name(table_id));
    let kind = match status.as_str() {
        PENDING => "warning",
        APPROVED => "good",
        _ => "plain",
    };
    context! {
        id, user_id, table_id, reason, status, requested_at, reviewed_by, reviewed_at, kind,
        person => person(request),
        is_known => snapshot.users.get(user_id).is_some(),
        table => table.map(|table| context! { id => &table.id, name => &table.name, description => &table.description }),
        note => &request.review_note,
        is_pending => status == PENDING,
    }
}
