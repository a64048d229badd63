//! Sending one request: address, token, redirects, and errors in the response.

use std::time::Duration;

use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{Client, ClientError, foreign};
use crate::base::backoff::parse_retry_after;
use crate::base::with_causes;

/// Maximum number of redirects for one request.
const MAX_REDIRECTS: usize = 5;
/// Maximum size of an error body; the rest is not read.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// Maximum size of a JSON response; that of a query has at most 64 MB of rows.
const MAX_JSON: usize = 256 * 1024 * 1024;

impl Client {
    /// A request with the token; the segments of `path` are percent-encoded and appended to the server's own path.
    pub(super) fn builder(
        &self,
        method: Method,
        path: &[&str],
        timeout: Duration,
    ) -> Result<RequestBuilder, ClientError> {
        let mut url = self.server.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::Setup(format!("'{}' is not a server address", self.server)))?
            .pop_if_empty()
            .extend(path);
        let builder = self.http.request(method, url).timeout(timeout);
        Ok(match &self.token {
            Some(token) => builder.bearer_auth(token.expose()),
            None => builder,
        })
    }

    /// A `GET` with the token, of a path that the server has named. It begins below the server's own path, and cannot lead
    /// to another server.
    pub(super) fn builder_at(&self, path: &str, timeout: Duration) -> Result<RequestBuilder, ClientError> {
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#\\".contains(c);
        if !path.starts_with('/') || path.starts_with("//") || !path.chars().all(is_plain) {
            return Err(self.not_agnes(format!("{path:?} is not a path for a download")));
        }
        let mut url = self.server.clone();
        url.set_path(&format!("{}{path}", self.server.path().trim_end_matches('/')));
        let builder = self.http.request(Method::GET, url).timeout(timeout);
        Ok(match &self.token {
            Some(token) => builder.bearer_auth(token.expose()),
            None => builder,
        })
    }

    /// Sends, follows redirects on the same host, and turns error statuses into errors.
    ///
    /// Not left to the HTTP library, which drops the token when `http` becomes `https`, and turns a POST into a GET.
    pub(super) async fn follow(&self, builder: RequestBuilder) -> Result<Response, ClientError> {
        let mut request = builder.build().map_err(|error| ClientError::Setup(with_causes(&error)))?;
        for _ in 0..=MAX_REDIRECTS {
            let again = request.try_clone();
            let response = self.http.execute(request).await.map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
                return match status.is_success() {
                    true if foreign::announces_page(&response) => {
                        Err(self.not_agnes(foreign::PAGE_INSTEAD_OF_DATA.to_owned()))
                    }
                    true => Ok(response),
                    false => Err(self.refused(response).await),
                };
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
            // What follows is long on the way to a login page, and may hold secrets.
            let shown = location.split(['?', '#']).next().unwrap_or(location).to_owned();
            let refusal = ClientError::Redirect { server: self.server().to_owned(), location: shown };
            let (Some(mut next), Ok(target)) = (again, response.url().join(location)) else { return Err(refusal) };
            if !may_follow(next.url(), &target) {
                return Err(refusal);
            }
            if status == StatusCode::SEE_OTHER {
                *next.method_mut() = Method::GET;
                *next.body_mut() = None;
            }
            *next.url_mut() = target;
            request = next;
        }
        Err(ClientError::Redirect { server: self.server().to_owned(), location: "itself repeatedly".into() })
    }

    /// The error of a request that got no response.
    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        let server = self.server().to_owned();
        match (error.is_timeout(), error.is_connect()) {
            (true, _) => ClientError::Unreachable { server, reason: "timed out".into() },
            (false, true) => ClientError::Unreachable { server, reason: root_cause(error) },
            (false, false) => ClientError::Interrupted { server, reason: root_cause(error) },
        }
    }

    pub(super) fn not_agnes(&self, reason: impl Into<String>) -> ClientError {
        ClientError::NotAgnes { server: self.server().to_owned(), reason: reason.into() }
    }

    pub(super) fn interrupted(&self, reason: impl Into<String>) -> ClientError {
        ClientError::Interrupted { server: self.server().to_owned(), reason: reason.into() }
    }

    /// The body as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, mut response: Response) -> Result<T, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.interrupted(root_cause(&error)))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_JSON {
                return Err(self.not_agnes(format!("the response is longer than {} MB", MAX_JSON / 1024 / 1024)));
            }
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            if foreign::is_page(&bytes) {
                self.not_agnes(foreign::PAGE_INSTEAD_OF_DATA.to_owned())
            } else if error.is_eof() {
                self.interrupted(format!("the response ended early, after {} bytes", bytes.len()))
            } else {
                self.not_agnes(error.to_string())
            }
        })
    }

    async fn refused(&self, mut response: Response) -> ClientError {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?));
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ERROR_BODY {
                break;
            }
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(body)) => ClientError::Status { status, body: body.into(), retry_after },
            _ => match foreign::explain(status, &bytes) {
                Some(explanation) => ClientError::Foreign { status, explanation, retry_after },
                None => ClientError::Status { status, body: Value::Null, retry_after },
            },
        }
    }
}

/// Same host, and never from `https` back to `http`. The port may change only with the scheme.
fn may_follow(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http" && to.scheme() == "https";
    from.host_str() == to.host_str()
        && (upgrade || (from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default()))
}

/// The innermost cause: the message of the operating system or of TLS.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_the_host_and_never_lose_tls() {
        let follow = |from: &str, to: &str| may_follow(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(follow("http://a.example/x", "https://a.example/x"));
        assert!(follow("https://a.example/x", "https://a.example/y"));
        assert!(!follow("https://a.example/x", "http://a.example/x"));
        assert!(!follow("http://a.example/x", "http://b.example/x"));
        assert!(!follow("http://a.example/x", "http://a.example:81/x"));
    }
}
