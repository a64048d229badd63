use axum::response::Response;

use crate::access::Principal;
use crate::protocol::query::{QueryRequest, QueryResponse};
use crate::server::http::answer;
use crate::server::http::extractors::{Accept, Json};
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
    Ok(answer::run(&app, caller, body.sql, limit, wanted).await)
}
