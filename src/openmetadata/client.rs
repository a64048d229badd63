//! Requests to the REST API, as <https://docs.open-metadata.org/latest/api-reference> describes it.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Certificate, Response, StatusCode, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::metric::Metric;
use super::model::Table;
use super::{Selection, Settings};
use crate::base::with_causes;
use crate::config::Certificates;

/// A table with 10,000 columns that are described at length.
const MAX_RESPONSE_BYTES: usize = 16 << 20;
/// Metrics of a page.
const PAGE: &str = "200";
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

    /// Whether it is OpenMetadata that fails, rather than the request for one table.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Status(status) => (502..=504).contains(status),
            // The policies of OpenMetadata may hide a table from the token.
            Self::Token(status) => *status != StatusCode::FORBIDDEN.as_u16(),
            _ => self.concerns_all(),
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
    timeout: Duration,
}

/// Part of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub paging: Paging,
}

#[derive(Default, Deserialize)]
pub struct Paging {
    /// Where the next page begins.
    pub after: Option<String>,
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
        Ok(Self { http, url: settings.url.clone(), timeout: settings.timeout })
    }

    /// The same with another limit for the time of a request.
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { http: self.http.clone(), url: self.url.clone(), timeout }
    }

    /// The table with this fully qualified name, if it is known.
    pub async fn table(&self, fqn: &str) -> Result<Option<Table>, ClientError> {
        let query = [("fields", "columns,owners,tags,extension"), ("include", "all")];
        match self.get::<Table>(&["api", "v1", "tables", "name", fqn], &query).await {
            Err(ClientError::Status(404)) => Ok(None),
            table => table.map(Some),
        }
    }

    /// A page of the list of all metrics, with what the selection is made by. v0.35 searched for those of a data product;
    /// a search finds at most 10,000, in an order that may change from page to page.
    pub async fn metrics(&self, selection: &Selection, after: Option<&str>) -> Result<Page<Metric>, ClientError> {
        let fields = match selection {
            Selection::DataProduct(_) => "tags,owners,dataProducts",
            Selection::All | Selection::Tag(_) => "tags,owners",
        };
        let mut query = vec![("limit", PAGE), ("fields", fields)];
        query.extend(after.map(|after| ("after", after)));
        self.get(&["api", "v1", "metrics"], &query).await
    }

    /// The page of a table, for people.
    pub fn table_page(&self, fqn: &str) -> Url {
        self.page(&["table", fqn])
    }

    /// The page of a metric, for people.
    pub fn metric_page(&self, fqn: &str) -> Url {
        self.page(&["metric", fqn])
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
        let response = self.http.get(url).timeout(self.timeout).send().await.map_err(network)?;
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
