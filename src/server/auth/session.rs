//! The caller, the first admin, and signing out.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::access::Principal;
use crate::domain::accounts::view;
use crate::domain::sign_in::{FirstAdmin, bootstrap_admin, end_session};
use crate::protocol::auth::{BootstrapRequest, LoggedOut, Me, TokenResponse};
use crate::server::http::extractors::{Json, Reply};
use crate::server::http::session::{Session, accepts_html, redirect, remove_cookie, remove_session};
use crate::server::services::google::PENDING_COOKIE;
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiResult, App, AppState};
use crate::store::audit::Origin;

/// Returns the caller.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub async fn show_me(app: AppState, caller: Principal) -> Reply<Me> {
    Ok(Json(view::me(&app.store.snapshot(), &caller)?))
}

/// Ends the session and removes the cookies. Personal tokens stay valid.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", security(()), responses((status = 200, body = LoggedOut)))]
pub async fn log_out(app: AppState, caller: Option<Principal>, headers: HeaderMap) -> ApiResult<Response> {
    if let Some(caller) = caller {
        end_session(&app.store, &caller).await?;
    }
    let response = match accepts_html(&headers) {
        true => redirect("/login"),
        false => Json(LoggedOut { message: "Logged out".into() }).into_response(),
    };
    let removed = remove_session(&app).into_iter().chain([remove_cookie(&app, PENDING_COOKIE)]);
    Ok((AppendHeaders(removed.map(|cookie| (SET_COOKIE, cookie))), response).into_response())
}

/// Creates the first admin, once. A seeded admin who has no password yet can be claimed this way; other accounts cannot.
#[utoipa::path(post, path = "/auth/bootstrap", tag = "auth", security(()),
    responses((status = 200, body = TokenResponse), (status = 403, description = "There is an admin already"),
        (status = 409, description = "The address belongs to an account other than the seeded admin"), (status = 429)))]
pub async fn bootstrap(app: AppState, origin: Origin, Json(body): Json<BootstrapRequest>) -> ApiResult<Response> {
    let session = start_first_session(&app, origin, &body.email, &body.name, body.password).await?;
    Ok(session.into_token_response())
}

/// Creates the first admin, and signs them in. An empty password means none.
pub async fn start_first_session(
    app: &App,
    origin: Origin,
    email: &str,
    name: &str,
    password: String,
) -> ApiResult<Session> {
    app.limits.admit(Rule { path: "/auth/bootstrap", per_minute: 3 }, origin.ip)?;
    let admin = FirstAdmin::new(email, &password, name)?;
    let hash = match password {
        password if password.is_empty() => None,
        password => Some(app.passwords.hash_chosen(password, app.context_words(email, name)).await?),
    };
    let started =
        bootstrap_admin(&app.store, &app.authenticator.keys(), &app.second_factors, origin, admin, hash).await?;
    Ok(Session::new(app, started))
}
