//! Mailed links with one-time tokens.

use url::form_urlencoded::byte_serialize;

use crate::base::secret::Secret;
use crate::server::App;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::mail::Mail;
use crate::store::one_time::Purpose;

/// The public URL of this server; the one that the request names if none is configured.
pub fn base<'a>(app: &'a App, caller: &'a Caller) -> &'a str {
    app.config.public_url.as_deref().unwrap_or(&caller.base_url)
}

/// Whether links reach people: by mail, or in development mode in the log.
pub fn can_send(app: &App) -> bool {
    app.mail.is_configured() || app.config.developer.is_some()
}

/// A link with this token. `next` is a path that [`super::next::safe`] returned.
pub fn link(base: &str, purpose: Purpose, email: &str, token: &Secret, next: Option<&str>) -> String {
    let path = match purpose {
        Purpose::Setup => "/auth/password/setup",
        Purpose::Reset => "/auth/password/reset",
        Purpose::MagicLink => "/auth/email/verify",
    };
    let next = next.map(|next| format!("&next={}", encode(next))).unwrap_or_default();
    format!("{base}{path}?email={}&token={}{next}", encode(email), encode(token.expose()))
}

/// The mail with that link. In development mode the link is also logged, since often no relay is configured.
pub fn mail(app: &App, purpose: Purpose, to: &str, link: &str) -> Mail {
    if app.config.developer.is_some() {
        tracing::warn!(user = to, link, "LOCAL_DEV_MODE: a link that would be mailed");
    }
    Mail { purpose, to: to.to_owned(), link: link.to_owned() }
}

/// Percent-encodes a value of a query.
pub fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
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
