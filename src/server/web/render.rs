//! Templates to answers.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Environment, Error, ErrorKind, Value, context};
use rust_embed::RustEmbed;

use crate::server::{ApiError, App};

#[derive(RustEmbed)]
#[folder = "templates/"]
#[include = "*.html"]
struct Templates;

/// Values are escaped in every template whose name ends in `.html`, which are all.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_loader(|name| {
        let Some(file) = Templates::get(name) else { return Ok(None) };
        let text = String::from_utf8(file.data.into_owned());
        text.map(Some).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    environment
});

/// A page. It may say who somebody is, so it stays in no cache.
pub fn page(app: &App, template: &str, values: Value) -> Result<Response, ApiError> {
    let values = context! { instance_name => &app.config.instance.instance.name, ..values };
    let text =
        TEMPLATES.get_template(template).and_then(|template| template.render(values)).map_err(ApiError::internal)?;
    Ok(with((CACHE_CONTROL, "no-store"), Html(text).into_response()))
}

/// For pages whose address holds a token: no other page is told that address.
pub fn secret(page: Response) -> Response {
    with((REFERRER_POLICY, "no-referrer"), page)
}

fn with((name, value): (HeaderName, &'static str), mut page: Response) -> Response {
    page.headers_mut().insert(name, HeaderValue::from_static(value));
    page
}
