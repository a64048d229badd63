//! Requests to Google: a time limit, answers of bounded length, and no redirects.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Request, redirect};

use crate::base::with_causes;

/// No document or list of Google's comes near this.
const LONGEST: usize = 4 << 20;

/// A client that is made at first use, since most servers start without ever needing it. Cheap to clone.
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
    #[error("the answer is too long")]
    TooLong,
    #[error("the answer makes no sense: {0}")]
    Answer(String),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // Addresses may name people.
        Self::Network(error.without_url())
    }
}

impl Http {
    pub fn new(timeout: Duration) -> Self {
        Self { client: Arc::default(), timeout, proxied: true }
    }

    /// For a server that is on the same machine or network.
    pub fn direct(timeout: Duration) -> Self {
        Self { proxied: false, ..Self::new(timeout) }
    }

    pub fn client(&self) -> Result<&Client, HttpError> {
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

    pub async fn send(&self, request: Request) -> Result<HttpResponse, HttpError> {
        let mut response = self.client()?.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.send(request.try_into()?).await })
    }
}
