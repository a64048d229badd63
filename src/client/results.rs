//! The result of a query, read as it comes.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::BodyExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, TE};
use reqwest::{Body, Method, RequestBuilder, Response};

use super::{Client, ClientError, QUERY_TIMEOUT};
use crate::base::with_causes;
use crate::protocol::query::{QueryRequest, QueryResponse, ROWS, TRUNCATED};

/// What a server sends to a query that asked for a form other than JSON.
pub enum Results {
    /// From a server that knows JSON only.
    Json(QueryResponse),
    Stream(ResultStream),
}

/// A result in the form that was asked for.
pub struct ResultStream {
    server: String,
    body: Pin<Box<Body>>,
    /// Of the response, and the trailers after its last byte.
    headers: HeaderMap,
}

impl Client {
    /// Runs a query and asks for this media type, without its parameters where the response has none.
    pub async fn query(&self, request: &QueryRequest, media_type: &str) -> Result<Results, ClientError> {
        let builder = self.builder(Method::POST, &["api", "query"], QUERY_TIMEOUT)?.json(request);
        self.results(builder, media_type).await
    }

    /// Runs a saved query in the same way.
    pub async fn run_saved_query(&self, id: &str, limit: i64, media_type: &str) -> Result<Results, ClientError> {
        let builder = self.builder(Method::POST, &["api", "saved-queries", id, "run"], QUERY_TIMEOUT)?;
        self.results(builder.query(&[("limit", limit)]), media_type).await
    }

    async fn results(&self, builder: RequestBuilder, media_type: &str) -> Result<Results, ClientError> {
        let accept = format!("{media_type}, application/json;q=0.1");
        let response = self.follow(builder.header(ACCEPT, accept).header(TE, "trailers")).await?;
        let essence = media_type.split(';').next().unwrap_or_default();
        match is(&response, essence) {
            true => Ok(Results::Stream(ResultStream::new(self.server(), response))),
            false => self.json(response).await.map(Results::Json),
        }
    }
}

/// Whether the response has this media type.
pub(super) fn is(response: &Response, media_type: &str) -> bool {
    let given = response.headers().get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|given| given.trim() == media_type)
}

impl ResultStream {
    pub(super) fn new(server: &str, response: Response) -> Self {
        let headers = response.headers().clone();
        let body = Box::pin(Body::from(response));
        Self { server: server.to_owned(), body, headers }
    }

    /// The next bytes; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = tokio::time::timeout(QUERY_TIMEOUT, self.body.frame()).await;
            let frame = frame.map_err(|_| self.broken("it sends nothing any more"))?;
            let Some(frame) = frame else { return Ok(None) };
            match frame.map_err(|error| self.broken(with_causes(&error)))?.into_data() {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(frame) => self.headers.extend(frame.into_trailers().unwrap_or_default()),
            }
        }
    }

    /// The error of a result that ended before its last row.
    pub fn ended_early(&self) -> ClientError {
        self.broken("the result ended early")
    }

    /// The error of a result that is not what it should be.
    pub fn unreadable(&self, reason: impl Into<String>) -> ClientError {
        ClientError::NotAgnes { server: self.server.clone(), reason: reason.into() }
    }

    fn broken(&self, reason: impl Into<String>) -> ClientError {
        ClientError::Interrupted { server: self.server.clone(), reason: reason.into() }
    }

    /// How many rows there were, known after the last byte.
    pub fn rows(&self) -> Option<u64> {
        self.headers.get(ROWS)?.to_str().ok()?.parse().ok()
    }

    /// Whether there were more rows, known after the last byte.
    pub fn is_truncated(&self) -> bool {
        self.headers.get(TRUNCATED).is_some_and(|value| value == "true")
    }
}
