use axum::http::StatusCode;
use serde::Deserialize;

use super::show;
use crate::access::Interactive;
use crate::protocol::auth::ChangePassword;
use crate::server::auth::own_password::change;
use crate::server::http::extractors::Form;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
pub struct NewPassword {
    current_password: String,
    password: String,
    confirm_password: String,
    /// A checkbox: present if it is ticked.
    revoke_tokens: Option<String>,
}

/// `POST /profile/password`
pub async fn submit_password(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<NewPassword>,
) -> PageResult {
    let state = FormState::new("password");
    if form.password != form.confirm_password {
        return show(&page, &person, state.with_error("confirm_password", "Passwords do not match."));
    }
    let request = ChangePassword {
        current_password: form.current_password,
        new_password: form.password,
        revoke_tokens: form.revoke_tokens.is_some(),
    };
    match change(&page.app, &person, request).await {
        Ok(session) => {
            let done = Flash::Notice("Your password is changed. Your other sessions have ended.".into());
            Ok(page.with_flash(session.redirect("/profile"), &done))
        }
        Err(error) if error.status() == StatusCode::BAD_REQUEST => {
            let reason = error.text().unwrap_or_default();
            let field = if reason.starts_with("Current") { "current_password" } else { "password" };
            show(&page, &person, state.with_error(field, reason))
        }
        Err(error) => Err(error.into()),
    }
}
