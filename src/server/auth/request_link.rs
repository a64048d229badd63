use super::{links, next};
use crate::domain::sign_in;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::mail::Mail;
use crate::server::{ApiError, App};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

/// The mail with a link for the account with that address; `None` if the account may not have one. The response must
/// not depend on which it was.
pub async fn request_link(
    app: &App,
    origin: Origin,
    caller: &Caller,
    purpose: Purpose,
    email: &str,
    next: &str,
) -> Result<Option<Mail>, ApiError> {
    let auth = &app.config.instance.auth;
    let issued = sign_in::request_link(&app.store, auth, links::can_send(app), origin, purpose, email).await?;
    Ok(issued.map(|issued| {
        let next = next::safe(next);
        let url = links::link(links::base(app, caller), purpose, &issued.email, &issued.token, next.as_deref());
        links::mail(app, purpose, &issued.email, &url)
    }))
}
