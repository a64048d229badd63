use axum::extract::State;

use super::SEND_RULE;
use crate::protocol::auth::{SendLink, SentLink};
use crate::server::auth::request_link::request_link;
use crate::server::http::extractors::Json;
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

const SENT: &str = "If this email is registered, you will receive a login link.";
const SHOWN: &str = "Magic link generated (LOCAL_DEV_MODE) — click dev_link to log in.";

/// Mails a link that signs in, valid for one hour and one use. It replaces an unused one and an invitation. In
/// development mode the link is in the response.
#[utoipa::path(post, path = "/auth/email/send-link", tag = "auth", request_body = SendLink, security(()),
    responses((status = 200, body = SentLink), (status = 429)))]
pub async fn send_login_link(
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Json(body): Json<SendLink>,
) -> Result<Json<SentLink>, ApiError> {
    app.limits.admit(SEND_RULE, origin.ip)?;
    let next = body.next.as_deref().unwrap_or_default();
    let mail = request_link(&app, origin, &caller, Purpose::MagicLink, &body.email, next).await?;
    let mut response = SentLink { message: SENT.into(), dev_link: None, send_error: None };
    let Some(mail) = mail else { return Ok(Json(response)) };
    if app.config.developer.is_none() {
        app.mail.queue(mail);
        return Ok(Json(response));
    }
    response.message = SHOWN.into();
    response.dev_link = Some(mail.link.clone());
    if app.mail.is_configured() && !app.mail.send(mail).await {
        response.send_error = Some("The mail was not sent; the log says why".into());
    }
    Ok(Json(response))
}
