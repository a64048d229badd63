use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use super::google;
use crate::domain::sign_in::end_session;
use crate::protocol::auth::LoggedOut;
use crate::server::http::accept::accepts_html;
use crate::server::http::extractors::Json;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::{SESSION_COOKIE, redirect, remove_cookie};
use crate::server::{ApiError, AppState};

/// Ends the session and removes the cookies. Personal tokens stay valid.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(()), responses((status = 200, body = LoggedOut)))]
pub async fn log_out(
    State(app): State<AppState>,
    MaybePrincipal(caller): MaybePrincipal,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(caller) = caller {
        end_session(&app.store, &caller).await?;
    }
    let response = match accepts_html(&headers) {
        true => redirect("/login"),
        false => Json(LoggedOut { message: "Logged out".into() }).into_response(),
    };
    let removed = [SESSION_COOKIE, google::COOKIE].map(|name| (SET_COOKIE, remove_cookie(&app, name)));
    Ok((AppendHeaders(removed), response).into_response())
}
