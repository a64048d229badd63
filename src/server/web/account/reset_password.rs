use super::choose_password::{self, RESET};
use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{LinkQuery, PasswordForm};
use crate::server::auth::password::choose;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::web::{Page, PageContext, PageResult};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

const RULE: Rule = Rule { path: "/auth/password/reset/confirm", per_minute: 10 };

/// `GET /auth/password/reset`: the form behind a mailed link. The token is checked when the form is submitted.
pub async fn show_password_reset(page: PageContext, Query(query): Query<LinkQuery>) -> PageResult {
    if query.email.is_empty() || query.token.is_empty() {
        return Ok(Page::redirect("/login/password"));
    }
    RESET.show(&page, &query.email, &query.token, choose_password::blank())
}

/// Changes the password and signs in. Earlier sessions and personal tokens end.
#[utoipa::path(post, path = "/auth/password/reset/confirm", tag = "auth", security(()),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Changed, and signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_reset(page: PageContext, origin: Origin, Form(form): Form<PasswordForm>) -> PageResult {
    page.app.limits.admit(RULE, origin.ip)?;
    let state = choose_password::check(&form)?;
    if !state.is_valid() {
        return RESET.show(&page, &form.email, &form.token, state);
    }
    let choice = PasswordChoice {
        purpose: Purpose::Reset,
        email: form.email.clone(),
        token: form.token.clone(),
        name: String::new(),
    };
    match choose(&page.app, &origin, choice, form.password).await? {
        Ok(id) => {
            let session = Session::start(&page.app, origin, &id, SignInMethod::Password).await?;
            Ok(session.redirect("/login/password?msg=password_reset").into())
        }
        Err(_) => {
            let state = state.with_message("Invalid or expired reset link.");
            RESET.show(&page, &form.email, &form.token, state)
        }
    }
}
