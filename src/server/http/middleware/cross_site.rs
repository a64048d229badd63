//! Rejects requests that another site's page makes a browser send. Browsers add the session cookie to them, so that a form
//! on any page could make changes on behalf of its visitor; they also report the origin of the page.
//!
//! Requests with a bearer token cannot be forged like that, and clients other than browsers send neither header.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::caller::Caller;
use crate::base::is_this_machine;
use crate::server::ApiError;
use crate::server::settings::AllowedOrigins;

pub async fn check(State(origins): State<AllowedOrigins>, request: Request, next: Next) -> Response {
    let base_url = request.extensions().get::<Caller>().map(|caller| caller.base_url.clone()).unwrap_or_default();
    if origins.loopback_only && !is_local(&base_url) {
        return ApiError::forbidden("LOCAL_DEV_MODE serves localhost only").into_response();
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !has_bearer(request.headers()) && is_foreign(request.headers(), &base_url, &origins) {
        return ApiError::forbidden("This request comes from another site; set CORS_ORIGINS to allow that")
            .into_response();
    }
    next.run(request).await
}

fn has_bearer(headers: &HeaderMap) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "))
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

fn is_local(base_url: &str) -> bool {
    let is_below_localhost = |url: &Url| url.domain().is_some_and(|name| name.ends_with(".localhost"));
    Url::parse(base_url).is_ok_and(|url| is_this_machine(&url) || is_below_localhost(&url))
}
