//! Records refused access: a 403 to a signed-in user becomes a row in the audit log.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

use crate::access::Principal;
use crate::domain::audit::record_refusal;
use crate::protocol::ErrorBody;
use crate::server::AppState;
use crate::store::audit::Actor;

/// Longest path and longest reason that are recorded, in characters.
const MAX_CHARS: usize = 300;

/// The authenticated caller, as an extension of the request.
#[derive(Clone, Default)]
struct Known(Arc<OnceLock<Actor>>);

/// Passes the authenticated caller to this middleware.
pub fn known(parts: &Parts, caller: &Principal) {
    if let Some(Known(slot)) = parts.extensions.get() {
        // A second extractor finds the same caller.
        let _ = slot.set(caller.actor());
    }
}

/// Runs the request. The response does not wait for the audit row.
pub async fn note(app: AppState, mut request: Request, next: Next) -> Response {
    let known = Known::default();
    request.extensions_mut().insert(known.clone());
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(MAX_CHARS).collect();
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN
        && let Some(actor) = known.0.get().cloned()
        && let Some(user_id) = &actor.user_id
    {
        let resource = format!("{method} {path}");
        if app.refusals.is_new(user_id, &resource) {
            let reason = reason(&response);
            tokio::spawn(async move {
                if let Err(error) = record_refusal(&app.store, actor, resource, reason).await {
                    tracing::warn!(%error, "cannot record a refused request");
                }
            });
        }
    }
    response
}

fn reason(response: &Response) -> String {
    let text = match response.extensions().get::<ErrorBody>().map(|body| &body.detail) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "forbidden".into(),
    };
    text.chars().take(MAX_CHARS).collect()
}
