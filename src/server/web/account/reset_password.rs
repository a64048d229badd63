use axum::extract::State;
use axum::response::Response;

use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{LinkQuery, PasswordForm};
use crate::server::auth::password::choose::choose;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::{Session, redirect};
use crate::server::services::limits::Rule;
use crate::server::web::{self, PasswordPage};
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

const RULE: Rule = Rule { path: "/auth/password/reset/confirm", per_minute: 10 };

/// The form behind a mailed link. It shows what the address says; the token is looked at when the form comes back.
pub async fn reset_page(State(app): State<AppState>, Query(query): Query<LinkQuery>) -> Result<Response, ApiError> {
    if query.email.is_empty() || query.token.is_empty() {
        return Ok(redirect("/login/password"));
    }
    PasswordPage::reset(&query.email, &query.token).render(&app)
}

/// Takes that form. Sessions and personal tokens from before end.
#[utoipa::path(post, path = "/auth/password/reset/confirm", tag = "auth", security(()),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Changed, and signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_reset(
    State(app): State<AppState>,
    origin: Origin,
    Form(form): Form<PasswordForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let page = PasswordPage::reset(&form.email, &form.token);
    if let Some(error) = web::objection(&form) {
        return page.with_error(&error).render(&app);
    }
    let choice = PasswordChoice {
        purpose: Purpose::Reset,
        email: form.email.clone(),
        token: form.token.clone(),
        name: String::new(),
    };
    match choose(&app, &origin, choice, form.password).await? {
        Ok(id) => {
            let session = Session::start(&app, origin, &id, SignInMethod::Password).await?;
            Ok(session.redirect("/login/password?msg=password_reset"))
        }
        Err(_) => page.with_error("Invalid or expired reset link.").render(&app),
    }
}
