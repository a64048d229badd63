use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::audit::{self, MAX_ENTRIES, Search, search_audit_log};
use crate::protocol::audit::{AuditCheck, AuditPage};
use crate::server::http::extractors::{Json, Query, Reply, time_in_query};
use crate::server::{ApiError, AppState};
use crate::store::audit::{Filter, Position};

const DEFAULT_LIMIT: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// An action, or a prefix followed by `*`: `token.*`.
    pub action: Option<String>,
    pub user_id: Option<String>,
    /// The address of a user; also matches attempts to sign in with an unknown address.
    pub user: Option<String>,
    /// A resource, or a prefix followed by `*`: `user:*`.
    pub resource: Option<String>,
    pub result: Option<String>,
    /// From this time on (ISO 8601; UTC unless it has an offset).
    pub since: Option<String>,
    /// Before this time.
    pub until: Option<String>,
    /// 1 to 500; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the previous page.
    pub before: Option<String>,
}

/// Lists actions and refused requests, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 422)))]
pub async fn list_audit_entries(app: AppState, admin: Admin, Query(query): Query<AuditQuery>) -> Reply<AuditPage> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_ENTRIES).contains(&limit) {
        return Err(ApiError::value(["query", "limit"], &format!("limit must be between 1 and {MAX_ENTRIES}"), limit));
    }
    let _turn = app.people.surveys.take(&admin.user().id)?;
    let position = |text: String| {
        Position::parse(&text)
            .ok_or_else(|| ApiError::value(["query", "before"], "before must be `next` of another page", text))
    };
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = Filter {
        action: given(query.action),
        user_id: given(query.user_id),
        user: None,
        resource: given(query.resource),
        result: given(query.result),
        since: given(query.since).map(|text| time_in_query("since", text)).transpose()?,
        until: given(query.until).map(|text| time_in_query("until", text)).transpose()?,
    };
    let email = given(query.user).map(|email| email.trim().to_owned());
    let search = Search { filter, email, after: query.before.map(position).transpose()?, limit };
    Ok(Json(search_audit_log(&app.store, &admin, search).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// `head.hash` of an earlier check, which the log must still contain.
    pub head: Option<String>,
}

/// Checks that no row of the audit log was changed, removed, added or moved.
#[utoipa::path(get, path = "/api/admin/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, description = "Also when it is broken: see `ok`", body = AuditCheck)))]
pub async fn verify_audit_log(app: AppState, admin: Admin, Query(query): Query<VerifyQuery>) -> Reply<AuditCheck> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    Ok(Json(audit::verify_audit_log(&app.store, query.head.as_deref()).await?))
}
