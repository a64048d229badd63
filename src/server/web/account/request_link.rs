use super::check_email;
use crate::protocol::auth::AddressForm;
use crate::server::auth::links::request_link;
use crate::server::http::extractors::Form;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::limits::Rule;
use crate::server::web::{Page, PageContext, PageError};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

const RESET_RULE: Rule = Rule { path: "/auth/password/reset", per_minute: 5 };
const SETUP_RULE: Rule = Rule { path: "/auth/password/setup/request", per_minute: 5 };

/// Mails a link for choosing another password.
#[utoipa::path(post, path = "/auth/password/reset", tag = "auth", security(()),
    request_body(content = AddressForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn request_password_reset(
    page: PageContext,
    origin: Origin,
    caller: Caller,
    Form(form): Form<AddressForm>,
) -> Result<Page, PageError> {
    page.app.limits.admit(RESET_RULE, origin.ip)?;
    if let Some(mail) = request_link(&page.app, origin, &caller, Purpose::Reset, &form.email, "").await? {
        page.app.mail.queue(mail);
    }
    check_email(&page, "24 hours")
}

/// Mails a link for choosing a first password, for accounts that have no password yet.
#[utoipa::path(post, path = "/auth/password/setup/request", tag = "auth", security(()),
    request_body(content = AddressForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn request_password_setup(
    page: PageContext,
    origin: Origin,
    caller: Caller,
    Form(form): Form<AddressForm>,
) -> Result<Page, PageError> {
    page.app.limits.admit(SETUP_RULE, origin.ip)?;
    if let Some(mail) = request_link(&page.app, origin, &caller, Purpose::Setup, &form.email, "").await? {
        page.app.mail.queue(mail);
    }
    check_email(&page, "7 days")
}
