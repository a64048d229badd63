//! Mails links for choosing a password. Neither the response nor its timing shows whether an account exists.

use serde_json::json;

use super::choose::typed;
use crate::domain::rules;
use crate::server::auth::links;
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, Purpose};
use crate::store::{StoreError, audit};

/// Queues a mail with a link for choosing a password, if the account may have one.
pub async fn request_link(
    app: &AppState,
    origin: Origin,
    caller: &Caller,
    email: &str,
    purpose: Purpose,
) -> Result<(), ApiError> {
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
