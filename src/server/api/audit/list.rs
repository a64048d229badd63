use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::base::time;
use crate::protocol::audit::{AuditEntry, AuditPage};
use crate::server::http::error::FieldError;
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;
use crate::store::audit::{self, Entry, Filter, Position};

const USUAL: usize = 50;
const MOST: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// An action, or the beginning of some with `*` behind: `token.*`.
    pub action: Option<String>,
    pub user_id: Option<String>,
    /// The address of a user; also finds attempts to sign in with an address that nobody has.
    pub user: Option<String>,
    /// A resource, or the beginning of some with `*` behind: `user:*`.
    pub resource: Option<String>,
    pub result: Option<String>,
    /// From this time on (ISO 8601, UTC unless it says otherwise).
    pub since: Option<String>,
    /// Before this time.
    pub until: Option<String>,
    /// 1 to 500; 50 unless given.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub before: Option<String>,
}

/// What was done and what was refused, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "audit", params(Wanted),
    responses((status = 200, body = AuditPage), (status = 422)))]
pub async fn list(
    State(app): State<AppState>,
    _: Admin,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AuditPage>, ApiError> {
    let limit = wanted.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(odd("limit", "limit must be between 1 and 500", limit));
    }
    let behind = match &wanted.before {
        Some(text) => {
            let reason = "before must be `next` of another page";
            Some(Position::parse(text).ok_or_else(|| odd("before", reason, text.as_str()))?)
        }
        None => None,
    };
    let filter = filter(&app.store.snapshot(), wanted)?;
    // One more than wanted tells whether there is another page.
    let mut found =
        app.store.read(move |connection| audit::search(connection, &filter, behind.as_ref(), limit + 1)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| Position::of(last).to_string());
    let snapshot = app.store.snapshot();
    let entries: Vec<AuditEntry> = found.into_iter().map(|entry| show(&snapshot, entry)).collect();
    Ok(Json(AuditPage { count: entries.len(), entries, next }))
}

fn filter(snapshot: &Snapshot, wanted: Wanted) -> Result<Filter, ApiError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let user = given(wanted.user).map(|email| {
        let id = snapshot.users.by_email(email.trim()).map(|user| user.id.clone());
        (email.trim().to_owned(), id)
    });
    Ok(Filter {
        action: given(wanted.action),
        resource: given(wanted.resource),
        result: given(wanted.result),
        user_id: given(wanted.user_id),
        user,
        since: moment("since", given(wanted.since))?,
        until: moment("until", given(wanted.until))?,
    })
}

fn moment(field: &str, text: Option<String>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    // A plus sign that was not encoded arrives as a blank.
    let repaired = || text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
    let moment = time::parse(&text).or_else(|| time::parse(&repaired()?));
    let reason = format!("{field} must be a time like 2026-11-23T02:09:29Z");
    moment.map(Some).ok_or_else(|| odd(field, &reason, text.as_str()))
}

fn odd(field: &str, reason: &str, input: impl Into<Value>) -> ApiError {
    ApiError::unprocessable(vec![FieldError::value(&["query", field], reason, input)])
}

fn show(snapshot: &Snapshot, entry: Entry) -> AuditEntry {
    // Some rows of v0.35 name the user by address.
    let user = entry.user_id.as_ref().and_then(|id| snapshot.users.get(id).or_else(|| snapshot.users.by_email(id)));
    AuditEntry {
        user_email: user.map(|user| user.email.clone()),
        timestamp: time::spaced(entry.at),
        params: entry.params.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        id: entry.id,
        seq: entry.seq,
        user_id: entry.user_id,
        action: entry.action,
        resource: entry.resource,
        result: entry.result,
        duration_ms: entry.duration_ms,
        hash: entry.hash,
    }
}
