use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::access::Principal;
use crate::domain::accounts::view;
use crate::domain::sign_in::end_session;
use crate::protocol::auth::{LoggedOut, Me};
use crate::server::http::extractors::Json;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::accepts_html;
use crate::server::http::session::{SESSION_COOKIE, redirect, remove_cookie};
use crate::server::services::google::PENDING_COOKIE;
use crate::server::{ApiResult, AppState};

/// Returns the caller.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub async fn show_me(app: AppState, caller: Principal) -> ApiResult<Json<Me>> {
    Ok(Json(view::me(&app.config.google_groups, &app.store.snapshot(), &caller)?))
}

/// Ends the session and removes the cookies. Personal tokens stay valid.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(()), responses((status = 200, body = LoggedOut)))]
pub async fn log_out(app: AppState, MaybePrincipal(caller): MaybePrincipal, headers: HeaderMap) -> ApiResult<Response> {
    if let Some(caller) = caller {
        end_session(&app.store, &caller).await?;
    }
    let response = match accepts_html(&headers) {
        true => redirect("/login"),
        false => Json(LoggedOut { message: "Logged out".into() }).into_response(),
    };
    let removed = [SESSION_COOKIE, PENDING_COOKIE].map(|name| (SET_COOKIE, remove_cookie(&app, name)));
    Ok((AppendHeaders(removed), response).into_response())
}
