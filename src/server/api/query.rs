use axum::Extension;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use crate::access::Principal;
use crate::domain::queries;
use crate::protocol::query::{QueryRequest, QueryResponse};
use crate::query::QueryAnswer;
use crate::server::http::extractors::Json;
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, ApiResult, AppState};

/// Runs one SELECT over the tables that the caller may read. At most 100,000 rows are returned, whatever the limit;
/// `truncated` is true if there were more.
#[utoipa::path(post, path = "/api/query", tag = "query",
    responses((status = 200, body = QueryResponse), (status = 400, description = "Not a SELECT, or the engine's error"),
        (status = 403, description = "Reads a table that is not granted"), (status = 429), (status = 504)))]
pub async fn run_query(app: AppState, caller: Principal, Json(body): Json<QueryRequest>) -> ApiResult<Response> {
    let limit = usize::try_from(body.limit)
        .map_err(|_| ApiError::value(["body", "limit"], "limit must not be negative", body.limit))?;
    let sql = body.sql.clone();
    let run = queries::run_query(&app.store, &app.orchestrator, &app.queries, caller, body.sql, limit).await;
    let (body, rows) = match run.answer {
        Ok(QueryAnswer::Whole { body, rows }) => (Body::from(body), Some(rows as u64)),
        Ok(QueryAnswer::Begun { begin, rest }) => {
            let rest = stream::unfold(rest, |mut rest| async { rest.recv().await.map(|piece| (piece, rest)) });
            // An error breaks off the response, which is then not valid JSON.
            let rest = rest.map(|piece| piece.map(|piece| piece.text));
            (Body::from_stream(stream::iter([Ok(begin)]).chain(rest)), None)
        }
        Err(error) => {
            // A failed query may have told something, too.
            let read = Extension(DataRead::query(&sql, run.tables, None));
            return Ok((read, ApiError::from(error)).into_response());
        }
    };
    let read = Extension(DataRead::query(&sql, run.tables, rows));
    // Already encoded as JSON: numbers beyond 64 bits stay exact only as text.
    Ok((read, [(CONTENT_TYPE, "application/json")], body).into_response())
}
