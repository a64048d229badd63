//! Requests to the REST API, as <https://docs.open-metadata.org/latest/api-reference> describes it.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Certificate, Response, StatusCode, redirect};
use serde::de::DeserializeOwned;
use url::Url;

use super::Settings;
use super::model::{About, Table};
use crate::base::with_causes;
use crate::config::Certificates;

/// A table with 10,000 columns that are described at length.
const MAX_RESPONSE_BYTES: usize = 16 << 20;
/// The longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: u64 = 15 * 60;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("OpenMetadata cannot be used: {0}")]
    Setup(String),
    #[error("cannot be reached: {0}")]
    Network(String),
    #[error("does not accept the token ({0}); check openmetadata.token")]
    Token(u16),
    #[error("too many requests (429)")]
    Busy(Option<Duration>),
    #[error("status {0}")]
    Status(u16),
    #[error("the address redirects elsewhere; check openmetadata.url")]
    Redirect,
    #[error("the response cannot be read: {0}")]
    Unreadable(String),
}

impl ClientError {
    /// Whether requests for other tables would fail, too.
    pub fn concerns_all(&self) -> bool {
        match self {
            Self::Status(status) => *status >= 500,
            Self::Unreadable(_) => false,
            Self::Setup(_) | Self::Network(_) | Self::Token(_) | Self::Busy(_) | Self::Redirect => true,
        }
    }

    /// How long OpenMetadata wants not to be asked.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(after) => *after,
            _ => None,
        }
    }
}

/// The token goes to the configured address only: redirects are not followed.
pub struct Client {
    http: reqwest::Client,
    url: Url,
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        let invalid = |_| ClientError::Setup("openmetadata.token has characters that no token has".into());
        let mut token = HeaderValue::from_str(&format!("Bearer {}", settings.token.expose())).map_err(invalid)?;
        token.set_sensitive(true);
        let content = HeaderValue::from_static("application/json");
        let builder = reqwest::Client::builder()
            .user_agent(concat!("agnes/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(header::AUTHORIZATION, token), (header::CONTENT_TYPE, content)]))
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none());
        let builder = match &settings.certificates {
            Certificates::System => builder,
            Certificates::Unchecked => builder.tls_danger_accept_invalid_certs(true),
            Certificates::File(path) => {
                let unusable = |error: String| ClientError::Setup(format!("{}: {error}", path.display()));
                let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
                let bundle = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(with_causes(&error)))?;
                builder.tls_certs_merge(bundle)
            }
        };
        let http = builder.build().map_err(|error| ClientError::Setup(with_causes(&error)))?;
        Ok(Self { http, url: settings.url.clone() })
    }

    /// What is said about the table with this fully qualified name; `None` if it is not known.
    pub async fn table(&self, fqn: &str) -> Result<Option<About>, ClientError> {
        let query = [("fields", "columns,owners,tags,extension"), ("include", "all")];
        match self.get::<Table>(&["api", "v1", "tables", "name", fqn], &query).await {
            Err(ClientError::Status(404)) => Ok(None),
            table => Ok(Some(About::new(table?, self.page(&["table", fqn])))),
        }
    }

    fn page(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        // Always possible: the settings accept only addresses with a host.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, ClientError> {
        let mut url = self.page(path);
        url.query_pairs_mut().extend_pairs(query);
        let response = self.http.get(url).send().await.map_err(network)?;
        let body = read(checked(response)?).await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Unreadable(error.to_string()))
    }
}

fn network(error: reqwest::Error) -> ClientError {
    ClientError::Network(with_causes(&error.without_url()))
}

fn checked(response: Response) -> Result<Response, ClientError> {
    match response.status() {
        status if status.is_success() => Ok(response),
        status if status.is_redirection() => Err(ClientError::Redirect),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(ClientError::Token(status.as_u16())),
        StatusCode::TOO_MANY_REQUESTS => {
            let after = response.headers().get(header::RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
            Err(ClientError::Busy(after.map(|seconds: u64| Duration::from_secs(seconds.min(MAX_RETRY_AFTER)))))
        }
        status => Err(ClientError::Status(status.as_u16())),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(ClientError::Unreadable("it is too large".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
