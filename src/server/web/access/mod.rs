//! Who may read what, by group, by table and by person.

mod group;
mod person;
pub mod submit;
mod table;

use axum::extract::RawQuery;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Admin;
use crate::protocol::access::OverviewItem;
use crate::protocol::vocabulary::SourceType;

const PATH: &str = "/admin/access";

/// What says in an address or a form that it is about one table.
const TABLE: &str = "table";

/// `GET /admin/access`; `?group=`, `?table=` and `?person=` say whose.
pub async fn show_access(_: SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    if let Some(table) = list.filter(TABLE) {
        return table::show(&page, &list, table);
    }
    match list.filter("by") {
        Some("person") => person::show(&page, &list),
        _ if list.filter("person").is_some() => person::show(&page, &list),
        _ => group::show(&page, &list).await,
    }
}

/// `GET /admin/grants`: where this page was in v0.35.
pub async fn redirect_grants(RawQuery(query): RawQuery) -> Response {
    let address = query.map_or_else(|| PATH.to_owned(), |query| format!("{PATH}?{query}"));
    let location = HeaderValue::from_str(&address).unwrap_or(HeaderValue::from_static(PATH));
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response()
}

/// Whether it is granted here. The table of a saved query is not: sharing the query opens it.
fn is_granted_here(item: &OverviewItem) -> bool {
    item.source_type.as_deref() != Some(SourceType::SAVED_QUERIES.as_str())
}
