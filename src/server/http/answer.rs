//! The result of a statement as a response.

use axum::Extension;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, TRAILER};
use axum::response::{IntoResponse, Response};

use super::rows;
use crate::access::Principal;
use crate::domain::queries;
use crate::query::output::End;
use crate::query::{QueryAnswer, Wanted};
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, AppState};

/// Runs a statement over the tables that the caller may read, and answers with at most `limit` rows in the form that is
/// wanted.
pub async fn run(app: &AppState, caller: Principal, sql: String, limit: usize, wanted: Wanted) -> Response {
    let run = queries::run_query(&app.store, &app.orchestrator, &app.queries, caller, sql.clone(), limit, wanted).await;
    let read = |rows| Extension(DataRead::query(&sql, run.tables, rows));
    let kind = [(CONTENT_TYPE, media_type(wanted))];
    match run.answer {
        Ok(QueryAnswer::Whole { body, end }) => {
            (read(Some(end.rows as u64)), kind, extent(wanted, end), Body::from(body)).into_response()
        }
        Ok(QueryAnswer::Begun { begin, rest }) => {
            (read(None), kind, [(TRAILER, rows::TRAILERS)], rows::streamed(begin, rest, drop)).into_response()
        }
        // A failed query may have told something, too.
        Err(error) => (read(None), ApiError::from(error)).into_response(),
    }
}

fn media_type(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Json => "application/json",
        Wanted::Format(format) => format.media_type(),
    }
}

/// JSON says it itself.
fn extent(wanted: Wanted, end: End) -> HeaderMap {
    if wanted == Wanted::Json { HeaderMap::new() } else { rows::extent(end) }
}
