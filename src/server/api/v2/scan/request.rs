use axum::extract::FromRequest;
use serde_json::Value;

use crate::protocol::v2::ScanRequest;
use crate::server::ApiError;
use crate::server::http::extractors::Json;
use crate::server::http::openapi::Argument;

/// The body of a scan. What is wrong in its fields is a 400 with a text, as clients of v0.35 expect; a body that is not an
/// object is a 422.
pub struct Request(pub ScanRequest);

impl<S: Send + Sync> FromRequest<S> for Request {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, ApiError> {
        let Json(body) = Json::<ScanRequest>::from_request(request, state).await.map_err(as_text)?;
        match body.limit {
            Some(limit) if limit < 1 => Err(invalid("limit", "Input should be greater than or equal to 1")),
            _ => Ok(Self(body)),
        }
    }
}

impl Argument for Request {
    const STATUSES: &'static [u16] = <Json<ScanRequest> as Argument>::STATUSES;
}

fn as_text(error: ApiError) -> ApiError {
    let Some([field, ..]) = error.fields() else { return error };
    let place: Vec<String> = field["loc"].as_array().into_iter().flatten().skip(1).map(name).collect();
    if place.is_empty() { error } else { invalid(&place.join("."), field["msg"].as_str().unwrap_or_default()) }
}

fn name(part: &Value) -> String {
    part.as_str().map_or_else(|| part.to_string(), str::to_owned)
}

fn invalid(field: &str, reason: &str) -> ApiError {
    ApiError::bad_request(format!("1 validation error for ScanRequest\n{field}\n  {reason}"))
}
