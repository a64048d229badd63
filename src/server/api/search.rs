use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::domain::search::Search;
use crate::protocol::search::CatalogMatches;
use crate::server::http::extractors::{Json, Query, Reply};
use crate::server::{ApiError, AppState};

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
/// Characters of a search.
const MAX_QUERY: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, or a question; up to 500 characters.
    pub q: String,
    /// 1 to 100; 10 by default.
    pub limit: Option<usize>,
    /// How many of the best matches to leave out.
    pub offset: Option<usize>,
}

/// Finds tables, columns and metrics that the caller may see by their names and descriptions.
///
/// Typos, other forms of a word and beginnings of words match, too.
#[utoipa::path(get, path = "/api/catalog/search", tag = "catalog", params(SearchQuery),
    responses((status = 200, body = CatalogMatches), (status = 422), (status = 429)))]
pub async fn search_catalog(
    app: AppState,
    caller: Principal,
    Query(query): Query<SearchQuery>,
) -> Reply<CatalogMatches> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::value(["query", "limit"], &format!("limit must be between 1 and {MAX_LIMIT}"), limit));
    }
    if query.q.chars().count() > MAX_QUERY {
        return Err(ApiError::value(["query", "q"], &format!("a search has at most {MAX_QUERY} characters"), query.q));
    }
    let turn = app.people.searches.take(&caller.user().id)?;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let found = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let search = Search { query: &query.q, limit, offset: query.offset.unwrap_or_default() };
        app.search.search(&snapshot, &publication, &caller, &search)
    });
    found.await.map(Json).map_err(ApiError::internal)
}
