use std::collections::HashSet;

use axum::Extension;
use axum::extract::State;
use serde_json::{Value, json};

use crate::access::Admin;
use crate::protocol::sync::Triggered;
use crate::server::http::error::FieldError;
use crate::server::http::extractors::Json;
use crate::server::http::middleware::json_body::ParsedBody;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit};

/// Starts a sync of these registry ids, or of everything that is due. While one runs, the request becomes one more run.
#[utoipa::path(post, path = "/api/sync/trigger", tag = "sync", request_body = Option<Vec<String>>,
    responses((status = 200, body = Triggered), (status = 422)))]
pub async fn trigger(
    State(app): State<AppState>,
    admin: Admin,
    body: Option<Extension<ParsedBody>>,
    raw: String,
) -> Result<Json<Triggered>, ApiError> {
    // Text that was not declared to be JSON is no list, and must not pass for "everything".
    let undeclared = if raw.is_empty() { Value::Null } else { Value::String(raw) };
    let ids = ids(body.map_or(undeclared, |Extension(ParsedBody(value))| value))?;
    let tables = if ids.is_empty() { json!("all") } else { json!(ids) };
    let snapshot = app.store.snapshot();
    let (known, unknown): (HashSet<_>, Vec<_>) = partition(ids.clone(), |id| snapshot.registry.get(id).is_some());
    let (actor, by) = (admin.actor(), Some(admin.user().email.as_str()));
    let details = json!({ "tables": tables });
    app.store
        .write(move |change| -> Result<_, StoreError> {
            audit::record(change, &actor, Action::SyncTrigger, "sync", details)
        })
        .await?;
    let run_id = match ids.is_empty() {
        true => Some(app.runner.trigger(None, by)),
        false => (!known.is_empty()).then(|| app.runner.trigger(Some(known), by)),
    };
    let message = match run_id.is_some() {
        true => "Data sync started in background. Check /api/sync/runs for progress.",
        false => "Nothing was started: none of these ids is registered.",
    };
    Ok(Json(Triggered { status: "triggered".into(), tables, message: message.into(), run_id, unknown }))
}

fn partition(ids: Vec<String>, known: impl Fn(&str) -> bool) -> (HashSet<String>, Vec<String>) {
    let (known, unknown): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| known(id));
    (known.into_iter().collect(), unknown)
}

/// Nothing, null or a list of texts.
fn ids(body: Value) -> Result<Vec<String>, ApiError> {
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
