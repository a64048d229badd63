//! `/first-time-setup`: from an empty server to a first analyst, step by step. Which step is next follows from what is
//! there, so it can be left and taken up again.

mod analyst;
mod source;
mod steps;

use axum::response::Response;
use minijinja::context;
use serde::Deserialize;

pub use self::analyst::submit_analyst;
pub use self::source::submit_source;
use super::form::FormState;
use super::{PageContext, PageResult};
use crate::access::Principal;
use crate::domain::sign_in::is_bootstrap_open;
use crate::server::ApiError;
use crate::server::auth::session::start_first_session;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::store::audit::Origin;

pub const PATH: &str = "/first-time-setup";

/// Returns whether nobody has signed in here yet.
pub async fn is_first_run(page: &PageContext) -> PageResult<bool> {
    Ok(page.person.is_none() && is_bootstrap_open(&page.app.store).await?)
}

/// `GET /first-time-setup`
pub async fn show_steps(page: PageContext) -> PageResult {
    if is_first_run(&page).await? {
        return show_account(&page, FormState::new("account"));
    }
    match page.person.clone().map(Principal::admin) {
        Some(Some(admin)) => steps::show(&page, &admin, FormState::new("analyst"), None).await,
        Some(None) => Err(ApiError::forbidden("Admin access required").into()),
        None => Ok(redirect("/login")),
    }
}

#[derive(Deserialize)]
pub struct AccountForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    confirm_password: String,
}

/// `POST /first-time-setup`: creates the first admin, who is signed in then.
pub async fn submit_account(page: PageContext, origin: Origin, Form(form): Form<AccountForm>) -> PageResult {
    let AccountForm { email, name, password, confirm_password } = form;
    let typed = FormState::new("account").with_value("email", &email).with_value("name", &name);
    if password.is_empty() {
        return show_account(&page, typed.with_error("password", "Choose a password"));
    }
    if password != confirm_password {
        return show_account(&page, typed.with_error("confirm_password", "Passwords do not match"));
    }
    match start_first_session(&page.app, origin, &email, &name, password).await {
        Ok(session) => Ok(session.redirect(PATH)),
        Err(error) if error.status().is_client_error() => {
            let text = error.text().unwrap_or("This is not possible").to_owned();
            show_account(&page, typed.with_message(&text))
        }
        Err(error) => Err(error.into()),
    }
}

fn show_account(page: &PageContext, form: FormState) -> PageResult<Response> {
    page.render("first_account.html", context! { form })
}
