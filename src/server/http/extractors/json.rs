use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fields;
use crate::server::http::error::{ApiError, ApiResult, FieldError};
use crate::server::http::middleware::json_body::{ParsedBody, read_text};

/// A JSON object as request body, and anything as response body. As an argument it comes last, after the
/// check of credentials, so that unauthenticated callers learn nothing about fields.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// What most handlers return.
pub type Reply<T> = ApiResult<Json<T>>;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, ApiError> {
        let body = match request.extensions_mut().remove::<ParsedBody>() {
            Some(ParsedBody(value)) => value,
            // Either nothing was sent, or it was not declared as JSON; then the error shows the raw text.
            None => match read_text(request.into_body()).await? {
                text if text.is_empty() => return Err(refuse("missing", "Field required", Value::Null)),
                text => Value::String(text),
            },
        };
        if !body.is_object() {
            return Err(refuse(fields::NOT_AN_OBJECT.0, fields::NOT_AN_OBJECT.1, body));
        }
        fields::read("body", body).map(Self)
    }
}

/// An optional body.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        let (mut parts, body) = request.into_parts();
        if parts.extensions.get::<ParsedBody>().is_none() {
            let text = read_text(body).await?;
            if text.is_empty() {
                return Ok(None);
            }
            parts.extensions.insert(ParsedBody(Value::String(text)));
        }
        let request = Request::from_parts(parts, axum::body::Body::empty());
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

fn refuse(kind: &'static str, msg: &str, input: Value) -> ApiError {
    ApiError::unprocessable(vec![FieldError { kind, loc: vec![json!("body")], msg: msg.into(), input, ctx: None }])
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A response 201 with this body.
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}
