//! Addresses with one-time tokens, as they are mailed.

use url::form_urlencoded::byte_serialize;

use crate::base::secret::Secret;
use crate::server::App;
use crate::server::http::middleware::caller::Caller;
use crate::server::services::mail::{Kind, Mail};
use crate::store::one_time::Purpose;

/// Where people reach this server. What the request says counts only where nothing is configured.
pub fn base<'a>(app: &'a App, caller: &'a Caller) -> &'a str {
    app.config.public_url.as_deref().unwrap_or(&caller.base_url)
}

/// A link for this token. `next` is a path that has been found safe.
pub fn link(base: &str, purpose: Purpose, email: &str, token: &Secret, next: Option<&str>) -> String {
    let path = match purpose {
        Purpose::Setup => "/auth/password/setup",
        Purpose::Reset => "/auth/password/reset",
        Purpose::MagicLink => "/auth/email/verify",
    };
    let next = next.map(|next| format!("&next={}", encode(next))).unwrap_or_default();
    format!("{base}{path}?email={}&token={}{next}", encode(email), encode(token.expose()))
}

/// The mail with that link. In development mode the link is also written to the log, since there is often no relay.
pub fn mail(app: &App, purpose: Purpose, to: &str, link: &str) -> Mail {
    if app.config.developer.is_some() {
        tracing::warn!(user = to, link, "LOCAL_DEV_MODE: a link that would be mailed");
    }
    let kind = match purpose {
        Purpose::Setup => Kind::Setup,
        Purpose::Reset => Kind::Reset,
        Purpose::MagicLink => Kind::MagicLink,
    };
    Mail { kind, to: to.to_owned(), link: link.to_owned() }
}

/// Percent-encodes everything that could have a meaning in a query.
pub fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded_as_a_whole() {
        let token = Secret::new("a-b_c");
        let made = link("https://x.com", Purpose::MagicLink, "a+b&c=d@x.com", &token, Some("/catalog?q=1"));
        assert_eq!(
            made,
            "https://x.com/auth/email/verify?email=a%2Bb%26c%3Dd%40x.com&token=a-b_c&next=%2Fcatalog%3Fq%3D1"
        );
    }
}
