use axum::http::header::{REFERER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;

use super::{PageContext, theme};
use crate::server::auth::next;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;

#[derive(Deserialize)]
pub struct ChosenTheme {
    theme: String,
}

/// `POST /appearance`: back to the page where the theme was chosen.
pub async fn choose(page: PageContext, headers: HeaderMap, Form(form): Form<ChosenTheme>) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let back = text(REFERER.as_str()).and_then(|referer| next::safe(referer.strip_prefix(&page.caller.base_url)?));
    // A script has changed the page already, and needs no other.
    let answer = match text("sec-fetch-dest") {
        Some("empty") => StatusCode::NO_CONTENT.into_response(),
        _ => redirect(back.as_deref().unwrap_or("/")),
    };
    (AppendHeaders([(SET_COOKIE, theme::choose(&page.app, &form.theme))]), answer).into_response()
}
