//! Asks for a link by mail. Whether there is such an account shows neither in the answer nor in its time.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::choose::typed;
use crate::domain::rules;
use crate::protocol::auth::AddressForm;
use crate::server::auth::links;
use crate::server::http::extractors::Form;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState, web};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, Purpose};
use crate::store::{StoreError, audit};

const RESET_RULE: Rule = Rule { path: "/auth/password/reset", per_minute: 5 };
const SETUP_RULE: Rule = Rule { path: "/auth/password/setup/request", per_minute: 5 };

/// Mails a link for choosing another password.
#[utoipa::path(post, path = "/auth/password/reset", tag = "auth", security(()),
    request_body(content = AddressForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn reset(
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Form(form): Form<AddressForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(RESET_RULE, origin.ip)?;
    ask(&app, origin, &caller, &form.email, Purpose::Reset).await?;
    web::check_email(&app, "24 hours")
}

/// Mails a link for choosing a first password, to who has an account without one.
#[utoipa::path(post, path = "/auth/password/setup/request", tag = "auth", security(()),
    request_body(content = AddressForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The same page for every address", content_type = "text/html"),
        (status = 429)))]
pub async fn setup(
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Form(form): Form<AddressForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(SETUP_RULE, origin.ip)?;
    ask(&app, origin, &caller, &form.email, Purpose::Setup).await?;
    web::check_email(&app, "7 days")
}

async fn ask(app: &AppState, origin: Origin, caller: &Caller, email: &str, purpose: Purpose) -> Result<(), ApiError> {
    let email = typed(email);
    let user = app.store.snapshot().users.by_email(&email).cloned();
    // Without a way to send the link, an account is left alone.
    let can_tell = app.mail.is_configured() || app.config.developer.is_some();
    let reached = user.clone().filter(|user| {
        can_tell
            && user.active
            && !rules::is_service_account(&user.email)
            && (purpose == Purpose::Reset || user.password_hash.is_none())
    });
    let action =
        if purpose == Purpose::Reset { Action::PasswordResetRequested } else { Action::PasswordSetupRequested };
    let result = match (&user, &reached) {
        (None, _) => "unknown_user",
        (Some(_), None) => "ignored",
        (Some(_), Some(_)) => "ok",
    };
    let actor = origin.nobody();
    let id = reached.as_ref().map(|user| user.id.clone()).unwrap_or_default();
    let resource = user.as_ref().map_or("auth".to_owned(), |user| format!("user:{}", user.id));
    let details = json!({ "email": email });
    let token = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let token = one_time::issue(change, &id, purpose)?;
            audit::record_result(change, &actor, action, &resource, details, result)?;
            Ok(token)
        })
        .await?;
    if let Some(user) = reached {
        let link = links::link(links::base(app, caller), purpose, &user.email, &token, None);
        app.mail.queue(links::mail(app, purpose, &user.email, &link));
    }
    Ok(())
}
