use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::protocol::auth::{LoginForm, LoginRequest, LoginResponse};
use crate::server::auth::credentials::{self, Refused};
use crate::server::auth::session::{self, redirect};
use crate::server::auth::{links, next};
use crate::server::http::error::Failure;
use crate::server::http::extractors::{Form, Json};
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};

const RULE: Rule = Rule { path: "/auth/password/login", per_minute: 10 };
const WEB_RULE: Rule = Rule { path: "/auth/password/login/web", per_minute: 10 };

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/password/login", tag = "auth", request_body = LoginRequest, security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Unknown user or wrong password"),
        (status = 429)))]
pub async fn login(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let user =
        credentials::check(&app, &origin, &body.email, body.password).await.map_err(|refused| match refused {
            Refused::Credentials => ApiError::unauthorized("Invalid email or password"),
            Refused::Deactivated => ApiError::unauthorized("Account deactivated"),
            Refused::Other(error) => error,
        })?;
    let session = session::begin(&app, origin, &user.id, Action::Login, json!({ "provider": "password" })).await?;
    let body = LoginResponse::new(session.token.expose(), &session.email, session.role);
    Ok(session.with(body))
}

/// Signs in with the form of the login page, and goes on to `next`.
#[utoipa::path(post, path = "/auth/password/login/web", tag = "auth", security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in, or back to the form with `error`"), (status = 429)))]
pub async fn login_web(
    State(app): State<AppState>,
    origin: Origin,
    Form(form): Form<LoginForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(WEB_RULE, origin.ip)?;
    let next = next::safe(&form.next);
    let back = |reason: &str| {
        let next = next.as_deref().map(|next| format!("&next={}", links::encode(next))).unwrap_or_default();
        redirect(&format!("/login/password?{reason}{next}"))
    };
    let user = match credentials::check(&app, &origin, &form.email, form.password).await {
        Ok(user) => user,
        Err(Refused::Credentials) => return Ok(back("error=invalid")),
        Err(Refused::Deactivated) => return Ok(back("error=deactivated")),
        Err(Refused::Other(error)) => {
            let answer = error.into_response();
            if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
                return Ok(answer);
            }
            let cause = answer.extensions().get::<Failure>().map(|failure| failure.0.to_string());
            tracing::error!(cause, "a password could not be checked");
            return Ok(back("err=auth_internal"));
        }
    };
    let session = session::begin(&app, origin, &user.id, Action::Login, json!({ "provider": "password" })).await?;
    Ok(session.redirect(next.as_deref().unwrap_or("/dashboard")))
}
