//! The pages for signing in, and their form. Codes in `error`, `err` and `msg` become texts here; nothing else of the URL
//! is shown.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use minijinja::context;
use serde::Deserialize;

use crate::domain::sign_in::{PasswordRefusal, SignInMethod};
use crate::protocol::auth::LoginForm;
use crate::server::auth::password::check_password;
use crate::server::auth::providers::PROVIDERS;
use crate::server::auth::{links, next};
use crate::server::http::error::Failure;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::Rule;
use crate::server::web::account::second_factor;
use crate::server::web::first_run;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult};

#[derive(Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    error: String,
    /// Older name of `error`, used for failures of the server.
    #[serde(default)]
    err: String,
    #[serde(default)]
    msg: String,
}

impl LoginQuery {
    fn error(&self) -> &'static str {
        match (self.error.as_str(), self.err.as_str()) {
            ("", "") => "",
            ("invalid", _) => "Wrong email or password.",
            ("deactivated", _) => "This account is deactivated. Contact an administrator.",
            ("invalid_link", _) => "This link is invalid, expired or already used. Request a new one.",
            ("google_not_configured", _) => "Sign-in with Google is not set up on this server.",
            ("oauth_failed", _) => "Sign-in with Google did not work. Try again.",
            ("no_email", _) => "Google did not provide your email address, so you cannot be signed in.",
            ("domain_not_allowed", _) => "Accounts of your domain are not allowed to sign in here.",
            ("not_in_allowed_group", _) => {
                "You are not a member of a group that is allowed to sign in here. Contact an administrator."
            }
            ("group_check_unavailable", _) => "Your groups could not be checked. Try again later.",
            (_, "auth_internal") => "Something went wrong on the server. Try again, or contact an administrator.",
            _ => "You could not be signed in. Try again.",
        }
    }

    fn message(&self, is_signed_in: bool) -> &'static str {
        match self.msg.as_str() {
            "password_reset" if is_signed_in => "Your password has been changed, and you are signed in.",
            "password_reset" => "Your password has been changed. Sign in with it.",
            _ => "",
        }
    }

    fn next(&self) -> Option<String> {
        next::safe(&self.next)
    }
}

/// `GET /login`: one button for each way to sign in.
pub async fn show_login(page: PageContext, Query(query): Query<LoginQuery>) -> PageResult {
    let next = query.next();
    // In development mode everybody is signed in.
    if page.app.config.developer.is_some() && page.person.is_some() {
        return Ok(redirect(next.as_deref().unwrap_or("/dashboard")));
    }
    let is_first_run = first_run::is_first_run(&page).await?;
    let providers: Vec<_> = PROVIDERS
        .iter()
        .filter(|provider| (provider.is_available)(&page.app))
        .map(|provider| {
            let href = next::append(provider.path, next.as_deref());
            context! { name => provider.name, label => provider.label, href }
        })
        .collect();
    let message = query.message(page.person.is_some());
    let form = page.form("login").with_message(query.error());
    page.render("login.html", context! { providers, message, form, is_first_run })
}

/// `GET /login/password`: sign in, or request a link for choosing a password.
pub async fn show_password_login(page: PageContext, Query(query): Query<LoginQuery>) -> PageResult {
    let next = query.next();
    let values = context! {
        form => page.form("login").with_message(query.error()),
        reset => page.form("reset"),
        setup => page.form("setup"),
        message => query.message(page.person.is_some()),
        others => next::append("/login", next.as_deref()),
        next => next.unwrap_or_default(),
    };
    page.render("login_password.html", values)
}

/// `GET /login/email`: request a link that signs in.
pub async fn show_email_login(page: PageContext, Query(query): Query<LoginQuery>) -> PageResult {
    let next = query.next();
    let values = context! {
        form => page.form("link").with_message(query.error()),
        is_available => links::can_send(&page.app),
        others => next::append("/login", next.as_deref()),
        next => next.unwrap_or_default(),
    };
    page.render("login_email.html", values)
}

/// Signs in with the form of the login page and redirects to `next`.
#[utoipa::path(post, path = "/auth/password/login/web", tag = "auth", security(()),
    responses((status = 302, description = "Signed in, or back to the form with `error`"), (status = 429)))]
pub async fn submit_login(page: PageContext, Form(form): Form<LoginForm>) -> PageResult {
    page.admit(Rule { path: "/auth/password/login/web", per_minute: 10 })?;
    let next = next::safe(&form.next);
    let back = |reason: &str| {
        let typed = FormState::new("login").with_value("email", &form.email);
        let form = redirect(&next::append(&format!("/login/password?{reason}"), next.as_deref()));
        page.with_flash(form, &Flash::Form(typed))
    };
    let user = match check_password(&page.app, &page.caller.origin, &form.email, form.password).await {
        Ok(Ok(user)) => user,
        Ok(Err(PasswordRefusal::Credentials)) => return Ok(back("error=invalid")),
        Ok(Err(PasswordRefusal::Deactivated)) => return Ok(back("error=deactivated")),
        Err(error) => {
            if error.status() != StatusCode::INTERNAL_SERVER_ERROR {
                return Err(error.into());
            }
            let answer = error.into_response();
            let cause = answer.extensions().get::<Failure>().map(|failure| failure.0.to_string());
            tracing::error!(cause, "cannot check a password");
            return Ok(back("err=auth_internal"));
        }
    };
    second_factor::sign_in(&page, user, SignInMethod::Password, next).await
}
