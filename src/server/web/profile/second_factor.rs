use axum::http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::show;
use crate::access::Interactive;
use crate::server::ApiError;
use crate::server::auth::second_factor::{begin, confirm, remove, renew};
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::qr;
use crate::server::web::{PageContext, PageError, PageResult, SignedIn};

const CONFIRM: &str = "/profile/second-factor/confirm";

#[derive(Deserialize)]
pub struct BeginForm {
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// `POST /profile/second-factor`: shows the secret.
pub async fn submit_begin(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<BeginForm>,
) -> PageResult {
    let begun = match begin(&page.app, &person, form.password).await {
        Ok(begun) => begun,
        Err(error) => return show(&page, &person, refused(error, FormState::new("begin"), "password")?),
    };
    let (qr, secret) = (qr::svg(begun.url.expose())?, begun.secret.expose());
    let form = FormState::new("code");
    page.render_secret("set_up_factor.html", context! { form, action => CONFIRM, qr, secret })
}

/// `POST /profile/second-factor/confirm`: shows the recovery codes.
pub async fn submit_confirm(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<CodeForm>,
) -> PageResult {
    match confirm(&page.app, &person, form.code).await {
        Ok(codes) => page.render_secret("recovery_codes.html", context! { codes, next => "/profile" }),
        Err(error) => {
            // The app has the secret already.
            let form = refused(error, FormState::new("code"), "code")?;
            page.render_secret("login_code.html", context! { form, action => CONFIRM })
        }
    }
}

/// `POST /profile/second-factor/recovery-codes`: shows new ones.
pub async fn submit_recovery_codes(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<CodeForm>,
) -> PageResult {
    match renew(&page.app, &person, form.code).await {
        Ok(codes) => page.render_secret("recovery_codes.html", context! { codes, next => "/profile" }),
        Err(error) => show(&page, &person, refused(error, FormState::new("renew"), "code")?),
    }
}

/// `POST /profile/second-factor/remove`
pub async fn submit_remove(
    SignedIn(person): SignedIn<Interactive>,
    page: PageContext,
    Form(form): Form<CodeForm>,
) -> PageResult {
    match remove(&page.app, &person, form.code).await {
        Ok(()) => {
            let done = Flash::Notice("Your second factor is removed.".into());
            Ok(page.with_flash(redirect("/profile"), &done))
        }
        Err(error) => show(&page, &person, refused(error, FormState::new("remove"), "code")?),
    }
}

/// The form with what the person can correct. Other errors stay errors.
fn refused(error: ApiError, form: FormState, field: &str) -> Result<FormState, PageError> {
    match (error.status(), error.text()) {
        (StatusCode::BAD_REQUEST, Some(reason)) => Ok(form.with_error(field, reason)),
        _ => Err(error.into()),
    }
}
