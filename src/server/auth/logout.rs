use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::Value;

use crate::access::{AuthKind, Principal};
use crate::base::time;
use crate::protocol::auth::LoggedOut;
use crate::server::http::extractors::Json;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::{SESSION_COOKIE, redirect, remove_cookie};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, sessions};

/// Ends the session on the server and takes the cookie away. Personal tokens stay.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(()), responses((status = 200, body = LoggedOut)))]
pub async fn log_out(
    State(app): State<AppState>,
    MaybePrincipal(caller): MaybePrincipal,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(caller) = caller {
        end(&app, &caller).await?;
    }
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    let answer = match wants_page {
        true => redirect("/login"),
        false => Json(LoggedOut { message: "Logged out".into() }).into_response(),
    };
    let gone = [SESSION_COOKIE, "session"].map(|name| (SET_COOKIE, remove_cookie(&app, name)));
    Ok((AppendHeaders(gone), answer).into_response())
}

async fn end(app: &AppState, caller: &Principal) -> Result<(), StoreError> {
    let jti = match caller.kind() {
        AuthKind::Session(jti) => jti.clone(),
        _ => None,
    };
    let (actor, user_id) = (caller.actor(), caller.user().id.clone());
    // Without an end of its own the id is kept for ever, as far as that goes.
    let expires_at = caller.expires_at().unwrap_or(time::from_micros(253_402_300_799_000_000));
    app.store
        .write(move |change| {
            if let Some(jti) = &jti {
                sessions::revoke(change, jti, &user_id, expires_at)?;
            }
            audit::record(change, &actor, Action::Logout, "auth", Value::Null)
        })
        .await
}
