//! The address of the client, also behind a proxy.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::request_id::RequestId;
use crate::server::ApiError;
use crate::server::http::openapi::Argument;
use crate::server::settings::Proxies;
use crate::store::audit::Origin;

/// Where a request came from, as an extension of it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub origin: Origin,
    /// Scheme and host as the client sent them, e.g. `https://agnes.example.com`.
    pub base_url: String,
}

/// In characters.
const MAX_USER_AGENT: usize = 200;

/// Whether a proxy that is not configured was logged.
static REPORTED: AtomicBool = AtomicBool::new(false);

pub async fn identify(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let headers = request.headers();
    let is_proxied = peer.is_some_and(|peer| proxies.trusts(peer));
    if !is_proxied && headers.contains_key("x-forwarded-for") && !REPORTED.swap(true, Ordering::Relaxed) {
        let peer = peer.map(tracing::field::display);
        tracing::warn!(peer, "X-Forwarded-For is ignored: if this is your proxy, add it to FORWARDED_ALLOW_IPS");
    }
    let forwarded = |name| headers.get(name).filter(|_| is_proxied).and_then(|value| last(value.to_str().ok()?));
    let scheme = forwarded("x-forwarded-proto").filter(|scheme| ["http", "https"].contains(scheme)).unwrap_or("http");
    let host = forwarded("x-forwarded-host")
        .or_else(|| headers.get(header::HOST)?.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
        .unwrap_or("localhost");
    let forwarded_for = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded_for.flat_map(|value| value.split(',')).map(str::trim).collect();
    let origin = Origin {
        ip: peer.map(|peer| proxies.client(peer, &hops)),
        request_id: request.extensions().get().map(|RequestId(id)| id.clone()),
        user_agent: headers.get(header::USER_AGENT).and_then(|agent| Some(short(agent.to_str().ok()?))),
        since: Instant::now(),
    };
    let caller = Caller { origin, base_url: format!("{scheme}://{host}") };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// As much of a text as is worth keeping.
fn short(text: &str) -> String {
    text.chars().take(MAX_USER_AGENT).collect()
}

fn last(list: &str) -> Option<&str> {
    list.rsplit(',').map(str::trim).find(|item| !item.is_empty())
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::internal("a request without a caller"))
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Caller::from_request_parts(parts, state).await?.origin)
    }
}

impl Argument for Caller {
    const STATUSES: &'static [u16] = &[];
}

impl Argument for Origin {
    const STATUSES: &'static [u16] = &[];
}
