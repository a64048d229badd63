//! Refuses what another site's page makes a browser send. Browsers add the cookie by themselves, so a form on any page
//! could change things here in the name of whoever looks at it; they also say where the request comes from.
//!
//! Requests with a bearer token cannot be forged like that, and programs that are no browsers send neither header.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use super::caller::Caller;
use crate::server::ApiError;

/// Which pages may use this server.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Origins such as `https://agnes.example.com`: our own public ones, and those of `CORS_ORIGINS`.
    pub allowed: Vec<String>,
    /// In development mode nobody signs in, so a page that makes its own name point to this machine must be kept out.
    pub loopback_only: bool,
}

pub async fn check(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let base_url = request.extensions().get::<Caller>().map(|caller| caller.base_url.clone()).unwrap_or_default();
    if pages.loopback_only && !is_loopback(&base_url) {
        return ApiError::forbidden("LOCAL_DEV_MODE serves localhost only").into_response();
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !has_bearer(request.headers()) && is_foreign(request.headers(), &base_url, &pages) {
        return ApiError::forbidden("This request comes from another site; set CORS_ORIGINS to allow that")
            .into_response();
    }
    next.run(request).await
}

fn has_bearer(headers: &HeaderMap) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"Bearer "))
}

/// What the browser says about the page; older ones name its origin only. A proxy may have taken the encryption off, so
/// the scheme of our own address does not count.
fn is_foreign(headers: &HeaderMap, base_url: &str, pages: &Pages) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let origin = text("origin");
    if origin.is_some_and(|origin| pages.allowed.iter().any(|page| same_origin(origin, page))) {
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

fn is_loopback(base_url: &str) -> bool {
    match Url::parse(base_url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
