use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields;
use crate::server::http::body::{self, unreadable};
use crate::server::http::error::ApiError;
use crate::server::http::openapi::Argument;

/// Maximum size of a form. Real ones hold a few passwords and a path.
const MAX_BYTES: usize = 64 * 1024;
/// The same of one with a long text, of which each byte takes up to three.
const MAX_LONG_BYTES: usize = 2 * 1024 * 1024;

/// A form in either encoding that browsers use, as a struct of texts. The last value of a repeated name counts. A body
/// that is not a form counts as an empty one.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        fields::read("form", Value::Object(pairs(request, state, MAX_BYTES).await?)).map(Self)
    }
}

/// A form with a long text.
#[derive(Debug)]
pub struct TextForm<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for TextForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        fields::read("form", Value::Object(pairs(request, state, MAX_LONG_BYTES).await?)).map(Self)
    }
}

impl<T> Argument for Form<T> {
    const STATUSES: &'static [u16] = &[400, 408, 413, 422];
    const IS_OPTIONAL_BODY: bool = true;
}

async fn pairs<S: Send + Sync>(request: Request, state: &S, max_bytes: usize) -> Result<Map<String, Value>, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_multipart = essence == "multipart/form-data";
    if !is_multipart && essence != "application/x-www-form-urlencoded" {
        return Ok(Map::new());
    }
    let (parts, body) = request.into_parts();
    let body = body::read(body, max_bytes, format!("The form is longer than {} KB", max_bytes / 1024)).await?;
    if !is_multipart {
        return Ok(fields::pairs(std::str::from_utf8(&body).map_err(|_| unreadable())?));
    }
    let request = Request::from_parts(parts, body.into());
    let mut multipart = Multipart::from_request(request, state).await.map_err(|_| unreadable())?;
    let mut pairs = Map::new();
    while let Some(field) = multipart.next_field().await.map_err(|_| unreadable())? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let value = field.text().await.map_err(|_| unreadable())?;
        pairs.insert(name, Value::String(value));
    }
    Ok(pairs)
}
