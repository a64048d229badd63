//! Light or dark, as a person chose it in this browser.

use axum::http::HeaderMap;

use crate::server::App;
use crate::server::http::session::{cookie, remove_cookie, set_cookie};

const COOKIE: &str = "theme";
const YEAR: i64 = 365 * 86_400;
/// All that can be chosen beside what the system says.
const THEMES: [&str; 2] = ["light", "dark"];

/// The theme of this browser; nothing if it follows the system.
pub fn chosen(headers: &HeaderMap) -> Option<&'static str> {
    known(cookie(headers, COOKIE)?)
}

/// The `Set-Cookie` header that chooses a theme; whatever is not one follows the system.
pub fn choose(app: &App, theme: &str) -> String {
    known(theme).map_or_else(|| remove_cookie(app, COOKIE), |theme| set_cookie(app, COOKIE, theme, YEAR))
}

fn known(theme: &str) -> Option<&'static str> {
    THEMES.into_iter().find(|known| *known == theme)
}
