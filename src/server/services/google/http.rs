//! Requests to Google, with a timeout, responses of bounded size, and no redirects.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Request, RequestBuilder, redirect};
use serde::de::DeserializeOwned;

use crate::base::with_causes;

/// Far more than any of Google's documents or lists.
const MAX_RESPONSE_BYTES: usize = 4 << 20;

/// A client that is created at first use, since most servers never need it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: Arc<OnceLock<Client>>,
    timeout: Duration,
    proxied: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{}", with_causes(.0))]
    Network(reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("the response is too large")]
    TooLarge,
    #[error("the response cannot be read: {0}")]
    Unreadable(String),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // URLs may contain addresses of people.
        Self::Network(error.without_url())
    }
}

impl Http {
    pub fn new(timeout: Duration) -> Self {
        Self { client: Arc::default(), timeout, proxied: true }
    }

    /// For a server on the same machine or network: without the proxy.
    pub fn direct(timeout: Duration) -> Self {
        Self { proxied: false, ..Self::new(timeout) }
    }

    fn client(&self) -> Result<&Client, HttpError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .user_agent(concat!("agnes/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .redirect(redirect::Policy::none());
        let client = if self.proxied { builder } else { builder.no_proxy() }.build()?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request and returns the body of the response, which must have status 200.
    pub async fn fetch(&self, request: impl FnOnce(&Client) -> RequestBuilder) -> Result<Vec<u8>, HttpError> {
        let response = self.send(request(self.client()?).build()?).await?;
        match response.status().as_u16() {
            200 => Ok(response.into_body()),
            status => Err(HttpError::Status(status)),
        }
    }

    /// The same for a body in JSON.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        request: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<T, HttpError> {
        // The text of the error could contain values of the response, which may be secret.
        serde_json::from_slice(&self.fetch(request).await?)
            .map_err(|error| HttpError::Unreadable(format!("{:?} error at line {}", error.classify(), error.line())))
    }

    async fn send(&self, request: Request) -> Result<HttpResponse, HttpError> {
        let mut response = self.client()?.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut buffered = HttpResponse::new(body);
        *buffered.status_mut() = response.status();
        *buffered.headers_mut() = std::mem::take(response.headers_mut());
        Ok(buffered)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.send(request.try_into()?).await })
    }
}
