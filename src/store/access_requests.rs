//! Requests for access to a table, and the decisions on them.

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::base::random;
use crate::engine::{self, Row, params};
use crate::protocol::vocabulary::ResourceType;

/// Maximum number of pending requests of one user.
const MAX_PENDING: i64 = 100;

pub const PENDING: &str = "pending";
pub const APPROVED: &str = "approved";
pub const DENIED: &str = "denied";

#[derive(Clone, Debug)]
pub struct AccessRequest {
    pub id: String,
    pub user_id: String,
    pub user_email: Option<String>,
    pub resource_type: ResourceType,
    /// What the user typed: a registry id or a name, for which there may be no table.
    pub table_id: String,
    pub reason: Option<String>,
    /// `pending`, `approved` or `denied`.
    pub status: String,
    pub requested_at: Option<Timestamp>,
    pub reviewed_by: Option<String>,
    pub reviewed_at: Option<Timestamp>,
    pub review_note: Option<String>,
}

/// Which requests to list.
#[derive(Clone, Debug)]
pub enum AccessRequestFilter {
    All,
    OfUser(String),
    WithId(String),
    WithStatus(String),
}

const COLUMNS: &str = "id, user_id, user_email, resource_type, table_id, reason,
    coalesce(status, 'pending'), epoch_us(requested_at), reviewed_by, epoch_us(reviewed_at), review_note";

fn request(row: &Row<'_>) -> engine::Result<AccessRequest> {
    read_row!(row => AccessRequest {
        id, user_id, user_email, resource_type: row::word, table_id, reason, status, requested_at: row::time,
        reviewed_by, reviewed_at: row::time, review_note
    })
}

/// Returns requests, oldest first.
pub fn list(reader: &Reader<'_>, filter: &AccessRequestFilter) -> engine::Result<Vec<AccessRequest>> {
    let (condition, value) = match filter {
        AccessRequestFilter::All => ("? = ''", ""),
        AccessRequestFilter::OfUser(id) => ("user_id = ?", id.as_str()),
        AccessRequestFilter::WithId(id) => ("id = ?", id.as_str()),
        AccessRequestFilter::WithStatus(status) => ("coalesce(status, 'pending') = ?", status.as_str()),
    };
    reader.list(
        &format!("SELECT {COLUMNS} FROM access_requests WHERE {condition} ORDER BY requested_at, id"),
        [value],
        request,
    )
}

/// Returns how many requests are pending.
pub(super) fn pending(reader: &Reader<'_>) -> engine::Result<usize> {
    let sql = "SELECT count(*) FROM access_requests WHERE coalesce(status, 'pending') = 'pending'";
    reader.one(sql, [], |row| row.get::<_, i64>(0)).map(|count| count.try_into().unwrap_or_default())
}

/// Adds a request for access to a table, unless the user has a pending one for it.
pub fn insert(change: &Change<'_>, user_id: &str, email: &str, table_id: &str, reason: &str) -> Result<AccessRequest> {
    let pending = "FROM access_requests WHERE user_id = ? AND status = 'pending'";
    if change.exists(&format!("SELECT 1 {pending} AND lower(table_id) = lower(?)"), [user_id, table_id])? {
        return Err(StoreError::Conflict(
            "You have already requested access to this table; the request is pending".into(),
        ));
    }
    let count: i64 = change.one(&format!("SELECT count(*) {pending}"), [user_id], |row| row.get(0))?;
    if count >= MAX_PENDING {
        return Err(StoreError::Conflict(format!("You have {count} pending requests; wait until some are reviewed")));
    }
    let (id, now) = (random::uuid(), change.now.as_microsecond());
    change.run(
        "INSERT INTO access_requests (id, user_id, user_email, resource_type, table_id, reason, status, requested_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT))",
        params![id, user_id, email, ResourceType::Table.as_str(), table_id, reason, PENDING, now],
    )?;
    get(change, &id)
}

/// Returns the request with that id, as of this transaction.
pub fn get(change: &Change<'_>, id: &str) -> Result<AccessRequest> {
    change
        .find(&format!("SELECT {COLUMNS} FROM access_requests WHERE id = ?"), [id], request)?
        .ok_or_else(|| StoreError::NotFound("Access request not found".into()))
}

/// Decides on a pending request, and returns it with the decision.
pub fn decide(change: &Change<'_>, id: &str, status: &str, by: &str, note: Option<&str>) -> Result<AccessRequest> {
    let previous = get(change, id)?;
    let decided = change.execute(
        "UPDATE access_requests SET status = ?, reviewed_by = ?, reviewed_at = make_timestamp(?::BIGINT),
             review_note = ?
         WHERE id = ? AND coalesce(status, 'pending') = 'pending'",
        params![status, by, change.now.as_microsecond(), note, id],
    )?;
    if decided == 0 {
        return Err(StoreError::Conflict(format!("Access request is already {}", previous.status)));
    }
    get(change, id)
}
