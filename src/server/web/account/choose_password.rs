//! The pages behind mailed links for choosing a password.

use axum::http::StatusCode;
use minijinja::context;

use crate::domain::rules;
use crate::domain::sign_in::{PasswordChoice, SignInMethod};
use crate::protocol::auth::{LinkQuery, PasswordForm};
use crate::server::auth::password::choose;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::Rule;
use crate::server::web::account::second_factor;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageError, PageResult};
use crate::store::one_time::{InvalidToken, Purpose};

/// A form for choosing a password.
struct ChoosePassword {
    purpose: Purpose,
    heading: &'static str,
    /// Also asks for a name.
    has_name: bool,
    rule: Rule,
    refusal: fn(InvalidToken) -> &'static str,
}

const SETUP: ChoosePassword = ChoosePassword {
    purpose: Purpose::Setup,
    heading: "Set Up Your Account",
    has_name: true,
    rule: Rule { path: "/auth/password/setup/confirm", per_minute: 10 },
    refusal: |invalid| match invalid {
        InvalidToken::Wrong => "Invalid or expired setup link.",
        InvalidToken::Expired => "Setup link has expired. Ask an administrator for a new one.",
        InvalidToken::Deactivated => "This account is deactivated.",
    },
};

const RESET: ChoosePassword = ChoosePassword {
    purpose: Purpose::Reset,
    heading: "Reset Your Password",
    has_name: false,
    rule: Rule { path: "/auth/password/reset/confirm", per_minute: 10 },
    refusal: |_| "Invalid or expired reset link.",
};

/// `GET /auth/password/setup`: the form behind an invitation. The token is checked when the form is submitted.
pub async fn show_password_setup(page: PageContext, Query(link): Query<LinkQuery>) -> PageResult {
    SETUP.open(&page, &link)
}

/// `GET /auth/password/reset`: the form behind a mailed link. The token is checked when the form is submitted.
pub async fn show_password_reset(page: PageContext, Query(link): Query<LinkQuery>) -> PageResult {
    RESET.open(&page, &link)
}

/// Sets the password of an invited account and signs in.
#[utoipa::path(post, path = "/auth/password/setup/confirm", tag = "auth", security(()),
    responses((status = 302, description = "Signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_setup(page: PageContext, Form(form): Form<PasswordForm>) -> PageResult {
    let signed_in = SETUP.submit(&page, form, "/dashboard").await?;
    if !signed_in.status().is_redirection() {
        return Ok(signed_in);
    }
    Ok(page.with_flash(signed_in, &Flash::Notice("Your password is set, and you are signed in.".into())))
}

/// Changes the password and signs in. Earlier sessions and personal tokens end.
#[utoipa::path(post, path = "/auth/password/reset/confirm", tag = "auth", security(()),
    responses((status = 302, description = "Changed, and signed in"), (status = 429),
        (status = 200, description = "The form again, with what is wrong", content_type = "text/html")))]
pub async fn confirm_reset(page: PageContext, Form(form): Form<PasswordForm>) -> PageResult {
    RESET.submit(&page, form, "/login/password?msg=password_reset").await
}

impl ChoosePassword {
    fn open(&self, page: &PageContext, link: &LinkQuery) -> PageResult {
        if link.email.is_empty() || link.token.is_empty() {
            return Ok(redirect("/login/password"));
        }
        self.show(page, &link.email, &link.token, FormState::new("password"))
    }

    /// Shows the form. It depends on the link alone, so it does not reveal whether the account exists.
    fn show(&self, page: &PageContext, email: &str, token: &str, form: FormState) -> PageResult {
        let Self { heading, has_name, rule, .. } = *self;
        let values = context! { heading, action => rule.path, has_name, email, token, form };
        page.render_secret("choose_password.html", values)
    }

    /// Sets the password, signs in and redirects to `next`, or shows the form with what is wrong.
    async fn submit(&self, page: &PageContext, form: PasswordForm, next: &str) -> PageResult {
        page.admit(self.rule)?;
        let (email, token) = (form.email.clone(), form.token.clone());
        let state = check(&form)?;
        if !state.is_valid() {
            return self.show(page, &email, &token, state);
        }
        let name = if self.has_name { form.name } else { String::new() };
        let choice = PasswordChoice { purpose: self.purpose, email: form.email, token: form.token, name };
        let origin = &page.caller.origin;
        let chosen = match choose(&page.app, origin, choice, form.password).await {
            // The link is valid, but the password is not.
            Err(error) if error.status() == StatusCode::BAD_REQUEST => {
                let reason = error.text().unwrap_or_default();
                return self.show(page, &email, &token, state.with_error("password", reason));
            }
            chosen => chosen?,
        };
        match chosen {
            Ok(user) => second_factor::sign_in(page, user, SignInMethod::Password, Some(next.to_owned())).await,
            Err(invalid) => self.show(page, &email, &token, state.with_message((self.refusal)(invalid))),
        }
    }
}

/// The form as it was filled in, with what is wrong with the passwords or the name.
fn check(typed: &PasswordForm) -> Result<FormState, PageError> {
    let form = FormState::new("password").with_value("name", &typed.name);
    if typed.password != typed.confirm_password {
        return Ok(form.with_error("confirm_password", "Passwords do not match."));
    }
    if let Err(refusal) = rules::password(&typed.password) {
        return Ok(form.with_error("password", &refusal.to_string()));
    }
    match rules::name(&typed.name) {
        Ok(_) => Ok(form),
        Err(refusal) => form.with_refusal(refusal),
    }
}
