use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::access_log::Filter;
use crate::domain::access_log::{MAX_ENTRIES, search_access_log};
use crate::protocol::access_log::AccessLogPage;
use crate::server::http::extractors::{Json, Query, Reply, time_in_query};
use crate::server::{ApiError, AppState};

const DEFAULT_LIMIT: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccessLogQuery {
    /// The id or the address of a user.
    pub user: Option<String>,
    /// The name of a table.
    pub table_name: Option<String>,
    /// The id of a personal token.
    pub token: Option<String>,
    /// `download`, `part`, `query` or `profile`.
    pub action: Option<String>,
    /// From this time on (ISO 8601; UTC unless it has an offset).
    pub since: Option<String>,
    /// Before this time.
    pub until: Option<String>,
    /// 1 to 1000; 50 by default.
    pub limit: Option<usize>,
}

/// Lists who read which tables, newest first.
#[utoipa::path(get, path = "/api/admin/access-log", tag = "audit", params(AccessLogQuery),
    responses((status = 200, body = AccessLogPage), (status = 422)))]
pub async fn list_data_accesses(
    app: AppState,
    admin: Admin,
    Query(query): Query<AccessLogQuery>,
) -> Reply<AccessLogPage> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_ENTRIES).contains(&limit) {
        return Err(ApiError::value(["query", "limit"], &format!("limit must be between 1 and {MAX_ENTRIES}"), limit));
    }
    let _turn = app.people.surveys.take(&admin.user().id)?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = Filter {
        user_id: None,
        user: given(query.user),
        table: given(query.table_name),
        token: given(query.token),
        action: given(query.action),
        since: given(query.since).map(|text| time_in_query("since", text)).transpose()?,
        until: given(query.until).map(|text| time_in_query("until", text)).transpose()?,
    };
    Ok(Json(search_access_log(&app.access_log, &admin, filter, limit).await?))
}
