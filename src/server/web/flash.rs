//! Passes a message or a form to the page after a redirect, in a signed cookie that is read once.

use std::sync::LazyLock;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, CookieJar, Key, SameSite};
use serde::{Deserialize, Serialize};

use super::form::FormState;

const NAME: &str = "flash";
const MAX_AGE: Duration = Duration::minutes(1);
/// Browsers drop cookies of more than 4096 bytes.
const MAX_BYTES: usize = 3500;

/// Made at start: cookies from before a restart are ignored.
static KEY: LazyLock<Key> = LazyLock::new(Key::generate);

#[derive(Debug, Deserialize, Serialize)]
pub enum Flash {
    /// Says what has been done.
    Notice(String),
    Form(FormState),
}

impl Flash {
    /// Reads the cookie; `None` if it is missing or was not signed by this process.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut jar = CookieJar::new();
        for header in headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            for cookie in Cookie::split_parse_encoded(header.to_owned()).flatten() {
                jar.add_original(cookie);
            }
        }
        serde_json::from_str(jar.signed(&KEY).get(NAME)?.value()).ok()
    }

    /// The `Set-Cookie` header; `None` if the cookie would be too long.
    pub fn set_cookie(&self, is_https: bool) -> Option<HeaderValue> {
        let mut jar = CookieJar::new();
        jar.signed_mut(&KEY).add(cookie(serde_json::to_string(self).ok()?, MAX_AGE, is_https));
        let text = jar.get(NAME)?.encoded().to_string();
        HeaderValue::from_str(&text).ok().filter(|value| value.len() <= MAX_BYTES)
    }

    /// The `Set-Cookie` header that removes the cookie.
    pub fn remove_cookie(is_https: bool) -> Option<HeaderValue> {
        HeaderValue::from_str(&cookie(String::new(), Duration::ZERO, is_https).to_string()).ok()
    }
}

fn cookie(value: String, max_age: Duration, is_https: bool) -> Cookie<'static> {
    Cookie::build((NAME, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https)
        .max_age(max_age)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser sends back.
    fn sent(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&format!("a=b; {pair}")).unwrap())])
    }

    #[test]
    fn only_what_was_signed_here_comes_back() {
        let flash = Flash::Notice("Größe; \"geändert\" 100 %".into());
        let header = flash.set_cookie(true).unwrap();
        let header = header.to_str().unwrap();
        assert!(header.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"), "{header}");
        assert!(matches!(Flash::read(&sent(header)), Some(Flash::Notice(text)) if text.contains("\"geändert\"")));
        assert!(Flash::read(&sent(&header.replace("100", "999"))).is_none());
        assert!(Flash::read(&sent("flash=%7B%22Notice%22%3A%22x%22%7D")).is_none());
        assert!(Flash::read(&HeaderMap::new()).is_none());
        assert!(Flash::Notice("x".repeat(5000)).set_cookie(false).is_none());
    }
}
