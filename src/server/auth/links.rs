//! Mailed links with one-time tokens.

use axum::http::HeaderMap;
use subtle::ConstantTimeEq;
use url::form_urlencoded::Serializer;

use super::next;
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::domain::sign_in;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::middleware::cross_site::is_local;
use crate::server::http::session::{cookie, hosted, set_cookie};
use crate::server::services::mail::Mail;
use crate::server::settings::NO_ADDRESS;
use crate::server::{ApiResult, App};
use crate::store::one_time::Purpose;

/// How long a browser remembers that it requested a link: as long as the link is valid.
const REQUESTED_SECONDS: i64 = 600;

/// The URL of this server for links and redirects: the configured one. The `Host` of a request is what its sender wants
/// it to be, so it counts in development mode only, and only if it is this machine.
pub fn base_url<'a>(app: &'a App, caller: &'a Caller) -> Option<&'a str> {
    let own = || Some(caller.base_url.as_str()).filter(|url| app.config.developer.is_some() && is_local(url));
    app.config.public_url.as_deref().or_else(own)
}

/// Whether links to this server can be made for people who are not signed in.
pub fn has_address(app: &App) -> bool {
    app.config.public_url.is_some() || app.config.developer.is_some()
}

/// Whether links reach people: by mail, or in development mode in the log.
pub fn can_send(app: &App) -> bool {
    (app.mail.is_configured() && has_address(app)) || app.config.developer.is_some()
}

/// A link that was requested. The response must not depend on whether there is a mail.
pub struct Requested {
    /// `None`: the account may not have a link.
    pub mail: Option<Mail>,
    /// Marks the browser that requested it, as a `Set-Cookie` header.
    pub cookie: String,
}

/// Issues a link for the account with that address.
pub async fn request_link(
    app: &App,
    caller: &Caller,
    purpose: Purpose,
    email: &str,
    next: &str,
) -> ApiResult<Requested> {
    let instance = app.instance();
    if app.config.lacks_address {
        tracing::error!("a link was requested, but not mailed: {NO_ADDRESS}");
    }
    let origin = caller.origin.clone();
    let issued = sign_in::request_link(&app.store, &instance.auth, can_send(app), origin, purpose, email).await?;
    let (next, token) = (next::safe(next), &issued.token);
    let mail = issued.email.as_deref().map(|email| mail(app, caller, purpose, email, token, next.as_deref()));
    let mail = mail.map(|mail| Mail { is_requested: true, ..mail });
    let cookie = set_cookie(app, &link_cookie(app), &mark(token.expose()), REQUESTED_SECONDS);
    Ok(Requested { mail, cookie })
}

/// Whether this browser requested the link with that token.
pub fn is_from_here(app: &App, headers: &HeaderMap, token: &str) -> bool {
    let sent = cookie(headers, &link_cookie(app)).unwrap_or_default();
    sent.as_bytes().ct_eq(mark(token).as_bytes()).into()
}

fn link_cookie(app: &App) -> String {
    hosted(app, "link")
}

/// What the browser keeps of a token: it proves the request, and does not sign in.
fn mark(token: &str) -> String {
    sha256_hex(&format!("the browser that requested {token}"))
}

/// The mail with a link that has this token; only a path if the address of this server is unknown. `next` is a path that
/// [`next::safe`] returned. In development mode the link is also logged, since often no relay is configured.
pub fn mail(app: &App, caller: &Caller, purpose: Purpose, email: &str, token: &Secret, next: Option<&str>) -> Mail {
    let link = link(base_url(app, caller).unwrap_or_default(), purpose, email, token, next);
    if app.config.developer.is_some() {
        tracing::warn!(user = email, link, "LOCAL_DEV_MODE: a link that would be mailed");
    }
    Mail { purpose, is_requested: false, to: email.to_owned(), link }
}

fn link(base_url: &str, purpose: Purpose, email: &str, token: &Secret, next: Option<&str>) -> String {
    let path = match purpose {
        Purpose::Setup => "/auth/password/setup",
        Purpose::Reset => "/auth/password/reset",
        Purpose::MagicLink => "/auth/email/verify",
    };
    let page = format!("{base_url}{path}?");
    let start = page.len();
    let mut query = Serializer::for_suffix(page, start);
    query.append_pair("email", email).append_pair("token", token.expose());
    query.extend_pairs(next.map(|next| ("next", next)));
    query.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded() {
        let token = Secret::new("a-b_c");
        let made = link("https://x.com", Purpose::MagicLink, "a+b&c=d@x.com", &token, Some("/catalog?q=1"));
        assert_eq!(
            made,
            "https://x.com/auth/email/verify?email=a%2Bb%26c%3Dd%40x.com&token=a-b_c&next=%2Fcatalog%3Fq%3D1"
        );
    }
}
