use axum::Extension;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, TRAILER};
use axum::response::{IntoResponse, Response};

use crate::access::Principal;
use crate::domain::queries;
use crate::protocol::query::{QueryRequest, QueryResponse};
use crate::query::output::End;
use crate::query::{QueryAnswer, Wanted};
use crate::server::http::extractors::{Accept, Json};
use crate::server::http::middleware::data_read::DataRead;
use crate::server::http::rows;
use crate::server::{ApiError, ApiResult, AppState};

/// Runs one SELECT over the tables that the caller may read. `Accept` chooses JSON, an Arrow IPC stream, parquet or CSV.
///
/// JSON has at most 100,000 rows, whatever the limit; `truncated` is true if there were more. The other forms have at
/// most 10,000,000, and `X-Agnes-Rows` and `X-Agnes-Truncated` say the same of them: as headers of a result of less than
/// 1 MB, and as trailers of a longer one. A longer one whose query fails is broken off.
#[utoipa::path(post, path = "/api/query", tag = "query",
    responses((status = 200, content((QueryResponse = "application/json"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"), (String = "text/csv"))),
        (status = 400, description = "Not a SELECT, or the engine's error"),
        (status = 403, description = "Reads a table that is not granted"), (status = 429), (status = 504)))]
pub async fn run_query(
    app: AppState,
    caller: Principal,
    Accept(wanted): Accept,
    Json(body): Json<QueryRequest>,
) -> ApiResult<Response> {
    let limit = usize::try_from(body.limit)
        .map_err(|_| ApiError::value(["body", "limit"], "limit must not be negative", body.limit))?;
    let sql = body.sql.clone();
    let run = queries::run_query(&app.store, &app.orchestrator, &app.queries, caller, body.sql, limit, wanted).await;
    let read = |rows| Extension(DataRead::query(&sql, run.tables, rows));
    let kind = [(CONTENT_TYPE, media_type(wanted))];
    Ok(match run.answer {
        Ok(QueryAnswer::Whole { body, end }) => {
            (read(Some(end.rows as u64)), kind, extent(wanted, end), Body::from(body)).into_response()
        }
        Ok(QueryAnswer::Begun { begin, rest }) => {
            (read(None), kind, [(TRAILER, rows::TRAILERS)], rows::streamed(begin, rest, drop)).into_response()
        }
        // A failed query may have told something, too.
        Err(error) => (read(None), ApiError::from(error)).into_response(),
    })
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
