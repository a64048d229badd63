use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fields;
use crate::protocol::FieldError;
use crate::server::http::error::{ApiError, ApiResult};
use crate::server::http::middleware::json_body::{ParsedBody, read_text};
use crate::server::http::openapi::{Argument, Outcome};

/// A JSON object as request body, and anything as response body. As an argument it comes last, after the
/// check of credentials, so that unauthenticated callers learn nothing about fields.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// What most handlers return.
pub type Reply<T> = ApiResult<Json<T>>;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match AnyJson::from_request(request, state).await?.0 {
            Some(body) if body.is_object() => fields::read("body", body).map(Self),
            Some(body) => Err(refuse(fields::NOT_AN_OBJECT.0, fields::NOT_AN_OBJECT.1, body)),
            None => Err(refuse("missing", "Field required", Value::Null)),
        }
    }
}

/// An optional body.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        match AnyJson::from_request(request, state).await?.0 {
            Some(body) if body.is_object() => fields::read("body", body).map(Self).map(Some),
            Some(body) => Err(refuse(fields::NOT_AN_OBJECT.0, fields::NOT_AN_OBJECT.1, body)),
            None => Ok(None),
        }
    }
}

/// Any JSON as request body; `None` if nothing was sent. What was not declared as JSON counts as a text, which no handler
/// takes for anything else.
#[derive(Debug)]
pub struct AnyJson(pub Option<Value>);

impl<S: Send + Sync> FromRequest<S> for AnyJson {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, ApiError> {
        if let Some(ParsedBody(value)) = request.extensions_mut().remove() {
            return Ok(Self(Some(value)));
        }
        let text = read_text(request.into_body()).await?;
        Ok(Self((!text.is_empty()).then_some(Value::String(text))))
    }
}

const STATUSES: &[u16] = &[400, 408, 413, 422];

impl Argument for AnyJson {
    const STATUSES: &'static [u16] = STATUSES;
    const IS_OPTIONAL_BODY: bool = true;
}

impl<T> Argument for Json<T> {
    const STATUSES: &'static [u16] = STATUSES;
}

impl<T> Argument for Option<Json<T>> {
    const STATUSES: &'static [u16] = STATUSES;
    const IS_OPTIONAL_BODY: bool = true;
}

impl<T> Outcome for Json<T> {
    const STATUSES: &'static [u16] = &[];
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
