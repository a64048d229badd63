//! Requesting and following mailed links.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method};
use axum::response::{AppendHeaders, IntoResponse};
use minijinja::context;

use crate::domain::sign_in::SignInMethod;
use crate::protocol::auth::{AddressForm, LinkForm, VerifyForm};
use crate::server::auth::email_link::{self, SEND_RULE, VERIFY_RULE};
use crate::server::auth::links::{can_send, is_from_here, request_link};
use crate::server::auth::next;
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::redirect;
use crate::server::services::rate_limits::Rule;
use crate::server::web::account::second_factor;
use crate::server::web::{PageContext, PageResult};
use crate::store::one_time::Purpose;

/// Mails a link for choosing another password.
#[utoipa::path(post, path = "/auth/password/reset", tag = "auth", security(()),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn request_password_reset(page: PageContext, Form(form): Form<AddressForm>) -> PageResult {
    page.admit(Rule { path: "/auth/password/reset", per_minute: 5 })?;
    mail_link(&page, Purpose::Reset, &form.email, "").await
}

/// Mails a link for choosing a first password, for accounts that have no password yet.
#[utoipa::path(post, path = "/auth/password/setup/request", tag = "auth", security(()),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn request_password_setup(page: PageContext, Form(form): Form<AddressForm>) -> PageResult {
    page.admit(Rule { path: "/auth/password/setup/request", per_minute: 5 })?;
    mail_link(&page, Purpose::Setup, &form.email, "").await
}

/// Mails a link that signs in, for the form of the login page.
#[utoipa::path(post, path = "/auth/email/send-link/web", tag = "auth", security(()),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn request_login_link(page: PageContext, Form(form): Form<LinkForm>) -> PageResult {
    page.admit(SEND_RULE)?;
    mail_link(&page, Purpose::MagicLink, &form.email, &form.next).await
}

/// Mails a link where the account and its state allow one, and says the same either way.
async fn mail_link(page: &PageContext, purpose: Purpose, email: &str, next: &str) -> PageResult {
    let requested = request_link(&page.app, &page.caller, purpose, email, next).await?;
    if let Some(mail) = requested.mail {
        page.app.mail.queue(mail);
    }
    let shown = page.render("check_email.html", context! { can_mail => can_send(&page.app) })?;
    Ok((AppendHeaders([(SET_COOKIE, requested.cookie)]), shown).into_response())
}

/// Signs in with a mailed link in the browser that requested it. Another browser, or a look-ahead request, gets a page
/// that says who signs in and asks for a click; the token stays valid.
#[utoipa::path(get, path = "/auth/email/verify", tag = "auth", params(VerifyForm), security(()),
    responses((status = 302, description = "Signed in"), (status = 401, description = "Invalid, expired or used"),
        (status = 200, description = "A page that asks for a click", content_type = "text/html"), (status = 429)))]
pub async fn follow_login_link(
    page: PageContext,
    method: Method,
    headers: HeaderMap,
    Query(query): Query<VerifyForm>,
) -> PageResult {
    let is_from_here = is_from_here(&page.app, &headers, &query.token);
    if method == Method::HEAD || is_look_ahead(&headers) || !is_from_here {
        let VerifyForm { email, token, next } = &query;
        return page.render_secret("confirm_link.html", context! { email, token, next, is_from_here });
    }
    page.admit(VERIFY_RULE)?;
    let user = email_link::follow(&page.app, page.caller.origin.clone(), query.email, query.token)
        .await?
        .ok_or_else(email_link::refused)?;
    second_factor::sign_in(&page, user, SignInMethod::MagicLink, next::safe(&query.next)).await
}

/// Signs in with the button of that page.
#[utoipa::path(post, path = "/auth/email/verify/web", tag = "auth", security(()),
    responses((status = 302, description = "Signed in, or back to the login page with `error`"), (status = 429)))]
pub async fn confirm_login_link(page: PageContext, Form(form): Form<VerifyForm>) -> PageResult {
    page.admit(VERIFY_RULE)?;
    let next = next::safe(&form.next);
    if let Some(user) = email_link::follow(&page.app, page.caller.origin.clone(), form.email, form.token).await? {
        return second_factor::sign_in(&page, user, SignInMethod::MagicLink, next).await;
    }
    Ok(redirect(&next::append("/login/email?error=invalid_link", next.as_deref())))
}

/// Whether a browser prefetches the page, or loads it as part of another page.
fn is_look_ahead(headers: &HeaderMap) -> bool {
    let says = |name: &str, words: &[&str]| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            words.iter().any(|word| value.contains(word))
        })
    };
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .iter()
        .any(|name| says(name, &["prefetch", "prerender", "preview"]))
        || says("sec-fetch-dest", &["image", "iframe", "frame", "embed", "object", "script", "style", "empty"])
}
