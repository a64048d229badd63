//! What somebody signs in with.

use minijinja::context;
use serde::Deserialize;

use super::{person, shown_link};
use crate::access::Admin;
use crate::domain::Error;
use crate::domain::second_factor;
use crate::domain::sessions::{end_session_of, end_sessions_of};
use crate::server::auth::accounts::{reset_password, set_password};
use crate::server::http::extractors::{Form, Path};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    password: String,
}

/// `POST /admin/users/{id}/password`
pub async fn submit_password(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<PasswordForm>,
) -> PageResult {
    let flash = match set_password(&page.app, &admin, &id, form.password).await {
        Ok(()) => Flash::Notice("The password is set.".into()),
        Err(error) => Flash::Form(FormState::new("password").with_answer("password", error)?),
    };
    Ok(page.with_flash(redirect(&format!("/admin/users/{id}")), &flash))
}

/// `POST /admin/users/{id}/reset-password`: shows the link, this once.
pub async fn submit_reset(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let made = reset_password(&page.app, &admin, &page.caller, &id).await?;
    let reset = context! { link => shown_link(&page, made.reset_url), is_sent => made.email_sent };
    person::show(&page, &admin, &id, Some(reset))
}

/// `POST /admin/users/{id}/reset-second-factor`
pub async fn submit_second_factor(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
) -> PageResult {
    let outcome = second_factor::reset(&page.app.store, &admin, &id).await;
    let done = outcome.map(|()| "The second factor is removed.");
    page.answer(&format!("/admin/users/{id}"), FormState::new("account"), done)
}

#[derive(Deserialize)]
pub struct ChosenSession {
    id: String,
}

/// `POST /admin/users/{id}/sessions/end`
pub async fn submit_end(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(form): Form<ChosenSession>,
) -> PageResult {
    let outcome = match end_session_of(&page.app.store, &admin, &id, form.id).await {
        // It has ended in the meantime.
        Err(Error::NotFound(_)) => Ok(()),
        outcome => outcome,
    };
    page.answer(&format!("/admin/users/{id}"), FormState::new("account"), outcome.map(|()| "The session has ended."))
}

/// `POST /admin/users/{id}/sessions/end-all`
pub async fn submit_end_all(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let outcome = end_sessions_of(&page.app.store, &admin, &id).await;
    let done = outcome.map(|_| "The sessions have ended.");
    page.answer(&format!("/admin/users/{id}"), FormState::new("account"), done)
}
