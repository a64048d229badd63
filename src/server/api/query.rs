use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, TRAILER};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::access::Principal;
use crate::domain::queries;
use crate::protocol::query::{QueryRequest, QueryResponse, ROWS, TRUNCATED};
use crate::query::output::End;
use crate::query::{Piece, QueryAnswer, QueryError, Wanted};
use crate::server::http::extractors::{Accept, Json};
use crate::server::http::middleware::data_read::DataRead;
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
            (read(None), kind, [(TRAILER, "x-agnes-rows, x-agnes-truncated")], streamed(begin, rest)).into_response()
        }
        // A failed query may have told something, too.
        Err(error) => (read(None), ApiError::from(error)).into_response(),
    })
}

/// The body of a long result. An error breaks it off.
fn streamed(begin: Vec<u8>, rest: mpsc::Receiver<Result<Piece, QueryError>>) -> Body {
    let rest = stream::unfold(rest, |mut rest| async { rest.recv().await.map(|piece| (piece, rest)) });
    let frames = rest.flat_map(|piece| {
        stream::iter(match piece {
            Ok(Piece { bytes, end }) => {
                let trailers = end.map(|end| Ok(Frame::trailers(extent_of(end))));
                [Some(Ok(Frame::data(bytes.into()))), trailers]
            }
            Err(error) => [Some(Err(error)), None],
        })
    });
    Body::new(StreamBody::new(
        stream::iter([Ok(Frame::data(begin.into()))]).chain(frames.filter_map(std::future::ready)),
    ))
}

fn media_type(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Json => "application/json",
        Wanted::Format(format) => format.media_type(),
    }
}

/// JSON says it itself.
fn extent(wanted: Wanted, end: End) -> HeaderMap {
    if wanted == Wanted::Json { HeaderMap::new() } else { extent_of(end) }
}

fn extent_of(end: End) -> HeaderMap {
    let truncated = HeaderValue::from_static(if end.is_truncated { "true" } else { "false" });
    HeaderMap::from_iter([
        (HeaderName::from_static(ROWS), HeaderValue::from(end.rows)),
        (HeaderName::from_static(TRUNCATED), truncated),
    ])
}
