use axum::Extension;
use axum::extract::State;
use serde_json::{Value, json};

use crate::access::Admin;
use crate::domain::syncs;
use crate::protocol::sync::Triggered;
use crate::server::http::error::FieldError;
use crate::server::http::extractors::Json;
use crate::server::http::middleware::json_body::ParsedBody;
use crate::server::{ApiError, AppState};

/// Starts a sync of these registry ids, or of everything that is due. While a run is in progress, the request is merged
/// into the next one.
#[utoipa::path(post, path = "/api/sync/trigger", tag = "sync", request_body = Option<Vec<String>>,
    responses((status = 200, body = Triggered), (status = 422)))]
pub async fn trigger_sync(
    State(app): State<AppState>,
    admin: Admin,
    body: Option<Extension<ParsedBody>>,
    raw: String,
) -> Result<Json<Triggered>, ApiError> {
    // Text that was not declared as JSON is not a list, and must not be taken for "everything".
    let undeclared = if raw.is_empty() { Value::Null } else { Value::String(raw) };
    let ids = table_ids(body.map_or(undeclared, |Extension(ParsedBody(value))| value))?;
    Ok(Json(syncs::trigger_sync(&app.store, &app.runner, &admin, ids).await?))
}

/// Reads nothing, null or a list of strings.
fn table_ids(body: Value) -> Result<Vec<String>, ApiError> {
    let error = |kind, loc, msg: &str, input| {
        ApiError::unprocessable(vec![FieldError { kind, loc, msg: msg.into(), input, ctx: None }])
    };
    match body {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::String(id) => Ok(id),
                other => {
                    let loc = vec![json!("body"), json!(index)];
                    Err(error("string_type", loc, "Input should be a valid string", other))
                }
            })
            .collect(),
        other => Err(error("list_type", vec![json!("body")], "Input should be a valid list", other)),
    }
}
