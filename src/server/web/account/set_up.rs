use super::choose_password::{self, SETUP};
use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{LinkQuery, PasswordForm};
use crate::server::auth::password::choose;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::web::flash::Flash;
use crate::server::web::{Page, PageContext, PageResult};
use crate::store::audit::Origin;
use crate::store::one_time::{InvalidToken, Purpose};

const RULE: Rule = Rule { path: "/auth/password/setup/confirm", per_minute: 10 };

/// `GET /auth/password/setup`: the form behind an invitation. The token is checked when the form is submitted.
pub async fn show_password_setup(page: PageContext, Query(query): Query<LinkQuery>) -> PageResult {
    if query.email.is_empty() || query.token.is_empty() {
        return Ok(Page::redirect("/login/password"));
    }
    SETUP.show(&page, &query.email, &query.token, choose_password::blank())
}

/// Sets the password of an invited account and signs in.
#[utoipa::path(post, path = "/auth/password/setup/confirm", tag = "auth", security(()),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_setup(page: PageContext, origin: Origin, Form(form): Form<PasswordForm>) -> PageResult {
    page.app.limits.admit(RULE, origin.ip)?;
    let state = choose_password::check(&form)?;
    if !state.is_valid() {
        return SETUP.show(&page, &form.email, &form.token, state);
    }
    let choice = PasswordChoice {
        purpose: Purpose::Setup,
        email: form.email.clone(),
        token: form.token.clone(),
        name: form.name.clone(),
    };
    let state = match choose(&page.app, &origin, choice, form.password).await {
        Ok(Ok(id)) => {
            let session = Session::start(&page.app, origin, &id, SignInMethod::Password).await?;
            let done = Flash::Notice("Your password is set, and you are signed in.".into());
            return Ok(Page::from(session.redirect("/dashboard")).with_flash(&page.app, &done));
        }
        Ok(Err(InvalidToken::Wrong)) => state.with_message("Invalid or expired setup link."),
        Ok(Err(InvalidToken::Expired)) => {
            state.with_message("Setup link has expired. Ask an administrator for a new one.")
        }
        Ok(Err(InvalidToken::Deactivated)) => state.with_message("This account is deactivated."),
        Err(error) => return Err(error.into()),
    };
    SETUP.show(&page, &form.email, &form.token, state)
}
