mod request;

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, TRAILER};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use self::request::Request;
use crate::access::Principal;
use crate::domain::tables::{Scan, ScanError};
use crate::protocol::query::ARROW;
use crate::protocol::v2::{ScanEstimate, ScanRequest};
use crate::query::QueryAnswer;
use crate::server::http::extractors::{Json, Reply};
use crate::server::http::middleware::data_read::DataRead;
use crate::server::http::rows::{TRAILERS, extent, streamed};
use crate::server::{ApiError, ApiResult, AppState};

/// Returns rows and columns of one table as an Arrow IPC stream.
///
/// `X-Agnes-Rows` says how many rows there are, and `X-Agnes-Truncated` whether some were left out because the result
/// would be too large: as headers of a result of less than 1 MB, and as trailers of a longer one. A longer one that fails
/// is broken off. What is sent counts for the caller's bytes of the day.
#[utoipa::path(post, path = "/api/v2/scan", tag = "v2", request_body = ScanRequest,
    responses((status = 200, content_type = "application/vnd.apache.arrow.stream", body = Vec<u8>),
        (status = 400, description = "A field is wrong (a text), or the predicate is (an object with `error` and `kind`)"),
        (status = 403), (status = 404), (status = 409, description = "The table stays in BigQuery"), (status = 413),
        (status = 429, description = "A queue or a quota is full; `detail.kind` is `daily_bytes` or `concurrent_scans`"),
        (status = 502), (status = 504)))]
pub async fn scan(app: AppState, caller: Principal, Request(request): Request) -> ApiResult<Response> {
    let config = &app.config.instance_at_start.api.scan;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let max = Some(config.max_limit.0);
    let scan = Scan::prepare(&snapshot, publication, &app.queries, &caller, request, max).await?;
    let read = |rows| Extension(DataRead::table("scan", scan.table(), rows));
    let kind = [(CONTENT_TYPE, ARROW)];
    Ok(match scan.run(&app.queries, &app.quotas, config).await {
        Ok((QueryAnswer::Whole { body, end }, mut running)) => {
            running.sent(body.len());
            (read(Some(end.rows as u64)), kind, extent(end), Body::from(body)).into_response()
        }
        Ok((QueryAnswer::Begun { begin, rest }, mut running)) => {
            let body = streamed(begin, rest, move |bytes| running.sent(bytes));
            (read(None), kind, [(TRAILER, TRAILERS)], body).into_response()
        }
        Err(error) => (read(None), ApiError::from(error)).into_response(),
    })
}

/// Returns how much a scan would return at most, without running it.
#[utoipa::path(post, path = "/api/v2/scan/estimate", tag = "v2", request_body = ScanRequest,
    responses((status = 200, body = ScanEstimate), (status = 400), (status = 403), (status = 404),
        (status = 409, description = "The table stays in BigQuery"), (status = 413), (status = 502)))]
pub async fn estimate_scan(app: AppState, caller: Principal, Request(request): Request) -> Reply<ScanEstimate> {
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let scan = Scan::prepare(&snapshot, publication, &app.queries, &caller, request, None).await?;
    Ok(Json(scan.estimate()))
}

impl From<ScanError> for ApiError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Table(error) => error.into(),
            ScanError::Query(error) => error.into(),
            ScanError::Invalid(text) => Self::bad_request(text),
            ScanError::Predicate(flaw) => flaw.into(),
            ScanError::Quota(exceeded) => Self::too_many(json!(exceeded), exceeded.retry_after_seconds.max(1)),
        }
    }
}
