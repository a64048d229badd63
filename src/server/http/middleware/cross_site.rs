//! Rejects requests that another site's page makes a browser send. Browsers add the session cookie to them, so that a form
//! on any page could make changes on behalf of its visitor; they also report the origin of the page.
//!
//! A request that a valid bearer token authenticates, and that carries no cookie, cannot be forged like that. Clients other
//! than browsers report no origin.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::caller::Caller;
use crate::base::is_this_machine;
use crate::server::ApiError;
use crate::server::http::session::bearer;
use crate::server::settings::AllowedOrigins;

/// What the check needs to know.
#[derive(Clone)]
pub struct Guard {
    origins: AllowedOrigins,
    is_valid: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Guard {
    /// `is_valid` returns whether a token is accepted.
    pub fn new(origins: AllowedOrigins, is_valid: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { origins, is_valid: Arc::new(is_valid) }
    }

    /// Returns whether the bearer token authenticates the request, and nothing that a browser adds by itself does.
    fn is_bearer_only(&self, headers: &HeaderMap) -> bool {
        let is_accepted = bearer(headers).is_some_and(|token| (self.is_valid)(token));
        is_accepted && !headers.contains_key(header::COOKIE)
    }
}

pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let origins = &guard.origins;
    let base_url = request.extensions().get::<Caller>().map(|caller| caller.base_url.clone()).unwrap_or_default();
    if origins.loopback_only && !is_local(&base_url) {
        return ApiError::forbidden("LOCAL_DEV_MODE serves localhost only").into_response();
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    if !is_safe && is_foreign(headers, &base_url, origins) && !guard.is_bearer_only(headers) {
        return ApiError::forbidden("This request comes from another site; set CORS_ORIGINS to allow that")
            .into_response();
    }
    next.run(request).await
}

/// Returns whether the browser reports a page of another origin; older browsers send `Origin` only. The scheme of the
/// server's own address is ignored, since a proxy may terminate TLS.
fn is_foreign(headers: &HeaderMap, base_url: &str, origins: &AllowedOrigins) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let origin = text("origin");
    if origin.is_some_and(|origin| origins.listed.iter().any(|listed| same_origin(origin, listed))) {
        return false;
    }
    match (text("sec-fetch-site"), origin) {
        (Some(site), _) => !["same-origin", "none"].contains(&site),
        (None, Some(origin)) => authority(origin).is_none() || authority(origin) != authority(base_url),
        (None, None) => false,
    }
}

fn same_origin(a: &str, b: &str) -> bool {
    let (Ok(a), Ok(b)) = (Url::parse(a), Url::parse(b)) else { return false };
    a.origin().is_tuple() && a.origin() == b.origin()
}

/// Host and port as written.
fn authority(url: &str) -> Option<&str> {
    url.split_once("://").map(|(_, authority)| authority)
}

/// Returns whether the URL is one of this machine.
pub fn is_local(base_url: &str) -> bool {
    let is_below_localhost = |url: &Url| url.domain().is_some_and(|name| name.ends_with(".localhost"));
    Url::parse(base_url).is_ok_and(|url| is_this_machine(&url) || is_below_localhost(&url))
}
