//! Records refused access: a 403 to a signed-in user becomes a row in the audit log.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

use super::identity::Identity;
use crate::domain::audit::record_refusal;
use crate::protocol::ErrorBody;
use crate::server::AppState;

/// Longest path and longest reason that are recorded, in characters.
const MAX_CHARS: usize = 300;

/// Runs the request. The response does not wait for the audit row.
pub async fn note(app: AppState, request: Request, next: Next) -> Response {
    let identity = Identity::of(&request);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(MAX_CHARS).collect();
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN
        && let Some(known) = identity.known()
    {
        let resource = format!("{method} {path}");
        if app.refusals.is_new(&known.user_id, &resource) {
            let (actor, reason) = (known.actor.clone(), reason(&response));
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
