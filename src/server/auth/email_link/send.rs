//! Mails a link. Whether there is such an account shows neither in the answer nor in its time.

use axum::extract::State;
use serde_json::json;

use super::PROVIDER;
use crate::domain::rules;
use crate::protocol::auth::{SendLink, SentLink};
use crate::server::auth::password::choose::typed;
use crate::server::auth::{links, next};
use crate::server::http::extractors::Json;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, Purpose};
use crate::store::{StoreError, audit};

pub const RULE: Rule = Rule { path: "/auth/email/send-link", per_minute: 5 };
const SENT: &str = "If this email is registered, you will receive a login link.";
const SHOWN: &str = "Magic link generated (LOCAL_DEV_MODE) — click dev_link to log in.";

/// Mails a link that signs in, good for one hour and one use. It takes the place of one that was not used yet, and of
/// an invitation. In development mode the link is in the answer.
#[utoipa::path(post, path = "/auth/email/send-link", tag = "auth", request_body = SendLink, security(()),
    responses((status = 200, body = SentLink), (status = 429)))]
pub async fn send_login_link(
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Json(body): Json<SendLink>,
) -> Result<Json<SentLink>, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let link = issue(&app, origin, &caller, &body.email, body.next.as_deref().unwrap_or_default()).await?;
    let mut answer = SentLink { message: SENT.into(), dev_link: None, send_error: None };
    let Some((email, link)) = link else { return Ok(Json(answer)) };
    let mail = links::mail(&app, Purpose::MagicLink, &email, &link);
    if app.config.developer.is_none() {
        app.mail.queue(mail);
        return Ok(Json(answer));
    }
    if app.mail.is_configured() && !app.mail.send(mail).await {
        answer.send_error = Some("The mail was not sent; the log says why".into());
    }
    answer.message = SHOWN.into();
    answer.dev_link = Some(link);
    Ok(Json(answer))
}

/// The address and the link, if this somebody may have one.
pub async fn issue(
    app: &AppState,
    origin: Origin,
    caller: &Caller,
    email: &str,
    next: &str,
) -> Result<Option<(String, String)>, ApiError> {
    let email = typed(email);
    let user = app.store.snapshot().users.by_email(&email).cloned();
    let reached = user.clone().filter(|user| {
        (PROVIDER.is_available)(app)
            && user.active
            && !rules::is_service_account(&user.email)
            && app.config.instance.auth.admits(&user.email)
    });
    let result = match (&user, &reached) {
        (None, _) => "unknown_user",
        (Some(_), None) => "ignored",
        (Some(_), Some(_)) => "ok",
    };
    let actor = origin.nobody();
    let id = reached.as_ref().map(|user| user.id.clone()).unwrap_or_default();
    let resource = user.as_ref().map_or("auth".to_owned(), |user| format!("user:{}", user.id));
    let token = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let token = one_time::issue(change, &id, Purpose::MagicLink)?;
            let details = json!({ "email": email });
            audit::record_result(change, &actor, Action::MagicLinkRequested, &resource, details, result)?;
            Ok(token)
        })
        .await?;
    Ok(reached.map(|user| {
        let next = next::safe(next);
        let link = links::link(links::base(app, caller), Purpose::MagicLink, &user.email, &token, next.as_deref());
        (user.email.clone(), link)
    }))
}
