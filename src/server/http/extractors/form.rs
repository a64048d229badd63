use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields;
use crate::server::http::error::ApiError;

/// Longest form in bytes; the longest that is filled in honestly holds a few passwords and a path.
const MAX_BYTES: usize = 64 * 1024;
/// How long a form may take to come in.
const PATIENCE: Duration = Duration::from_secs(30);

/// A form, sent either way that browsers send forms, as a struct of texts. Of a name that comes twice the last value
/// counts; anything else than a form is one without fields.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let pairs = tokio::time::timeout(PATIENCE, pairs(request, state))
            .await
            .map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not come in time"))??;
        fields::read("form", Value::Object(pairs)).map(Self)
    }
}

async fn pairs<S: Send + Sync>(request: Request, state: &S) -> Result<Map<String, Value>, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            let body = whole(request).await?;
            let text = std::str::from_utf8(&body).map_err(|_| unreadable())?;
            Ok(url::form_urlencoded::parse(text.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect())
        }
        "multipart/form-data" => {
            let (parts, body) = request.into_parts();
            let body = whole(Request::from_parts(parts.clone(), body)).await?;
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
        _ => Ok(Map::new()),
    }
}

/// All bytes of the body, up to [`MAX_BYTES`].
async fn whole(request: Request) -> Result<Bytes, ApiError> {
    to_bytes(request.into_body(), MAX_BYTES).await.map_err(|error| {
        match std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit")) {
            true => ApiError::too_large(format!("The form is longer than {} KB", MAX_BYTES / 1024)),
            false => unreadable(),
        }
    })
}

fn unreadable() -> ApiError {
    ApiError::bad_request("There was an error parsing the body")
}
