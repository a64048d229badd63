use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{LinkQuery, PasswordForm};
use crate::server::auth::password::choose::choose;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::{Session, redirect};
use crate::server::services::limits::Rule;
use crate::server::web::{self, PasswordPage};
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::{InvalidToken, Purpose};

const RULE: Rule = Rule { path: "/auth/password/setup/confirm", per_minute: 10 };

/// The form behind an invitation. It shows what the address says; the token is looked at when the form comes back.
pub async fn setup_page(State(app): State<AppState>, Query(query): Query<LinkQuery>) -> Result<Response, ApiError> {
    if query.email.is_empty() || query.token.is_empty() {
        return Ok(redirect("/login/password"));
    }
    PasswordPage::setup(&query.email, &query.token).render(&app)
}

/// Takes the form behind an invitation, and signs in.
#[utoipa::path(post, path = "/auth/password/setup/confirm", tag = "auth", security(()),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_setup(
    State(app): State<AppState>,
    origin: Origin,
    Form(form): Form<PasswordForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let page = PasswordPage::setup(&form.email, &form.token).with_name(&form.name);
    if let Some(error) = web::objection(&form) {
        return page.with_error(&error).render(&app);
    }
    let choice = PasswordChoice {
        purpose: Purpose::Setup,
        email: form.email.clone(),
        token: form.token.clone(),
        name: form.name.clone(),
    };
    let text = match choose(&app, &origin, choice, form.password).await {
        Ok(Ok(id)) => {
            let session = Session::start(&app, origin, &id, SignInMethod::Password).await?;
            return Ok(session.redirect("/dashboard"));
        }
        Ok(Err(InvalidToken::Wrong)) => "Invalid or expired setup link.",
        Ok(Err(InvalidToken::Expired)) => "Setup link has expired. Ask an administrator for a new one.",
        Ok(Err(InvalidToken::Deactivated)) => "This account is deactivated.",
        Err(error) => {
            let answer = error.into_response();
            if answer.status() != StatusCode::UNPROCESSABLE_ENTITY {
                return Ok(answer);
            }
            "The name must have at most 200 characters."
        }
    };
    page.with_error(text).render(&app)
}
