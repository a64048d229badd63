//! Who is at the other end of the connection, also behind a proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::request_id::RequestId;
use crate::server::ApiError;
use crate::store::audit::Origin;

/// The proxies whose `X-Forwarded-*` headers are believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Whoever connects is a proxy; then only what that one added counts.
    any: bool,
    networks: Vec<IpNet>,
}

/// Where a request came from, as an extension of it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub ip: Option<IpAddr>,
    /// Scheme and host as the caller wrote them, e.g. `https://agnes.example.com`.
    pub base_url: String,
    /// When the request came in.
    pub since: Instant,
}

impl Proxies {
    /// Reads a comma list of addresses and networks, or `*`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut proxies = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => proxies.networks.push(network),
                Err(_) if item == "*" => proxies.any = true,
                Err(_) => return Err(format!("FORWARDED_ALLOW_IPS: '{item}' is no address, network or *")),
            }
        }
        Ok(proxies)
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.any || self.networks.iter().any(|network| network.contains(&ip.to_canonical()))
    }

    /// The address that the nearest proxy that we trust saw. Each proxy appends the address of who came to it, so the
    /// list is read from its end, for as long as the addresses are trusted proxies themselves.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let hops: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        let mut client = peer;
        for hop in hops.iter().rev() {
            let Some(ip) = address(hop) else { break };
            client = ip;
            if self.any || !self.trusts(ip) {
                break;
            }
        }
        client
    }
}

/// An address as proxies write it: some add the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether the log has a word about a proxy that is not configured.
static TOLD: AtomicBool = AtomicBool::new(false);

pub async fn identify(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let headers = request.headers();
    let is_proxied = peer.is_some_and(|peer| proxies.trusts(peer));
    if !is_proxied && headers.contains_key("x-forwarded-for") && !TOLD.swap(true, Ordering::Relaxed) {
        let peer = peer.map(tracing::field::display);
        tracing::warn!(peer, "X-Forwarded-For is ignored: if this is your proxy, put it into FORWARDED_ALLOW_IPS");
    }
    let forwarded = |name| headers.get(name).filter(|_| is_proxied).and_then(|value| last(value.to_str().ok()?));
    let scheme = forwarded("x-forwarded-proto").filter(|scheme| ["http", "https"].contains(scheme)).unwrap_or("http");
    let host = forwarded("x-forwarded-host")
        .or_else(|| headers.get(header::HOST)?.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
        .unwrap_or("localhost");
    let caller = Caller {
        ip: peer.map(|peer| proxies.client(peer, headers)),
        base_url: format!("{scheme}://{host}"),
        since: Instant::now(),
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
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
        let Caller { ip, since, .. } = Caller::from_request_parts(parts, state).await?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self { ip, request_id, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        Proxies::parse(proxies).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "198.51.100.7"), "198.51.100.7");
        // What the client itself wrote in front does not count.
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, 198.51.100.7"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, 198.51.100.7, 10.2.2.2"), "198.51.100.7");
        assert_eq!(client("*", "192.0.2.1", "1.2.3.4, 198.51.100.7:4711"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, nonsense"), "10.1.1.1");
        assert_eq!(client("::1", "::1", "2001:db8::1"), "2001:db8::1");
        assert!(Proxies::parse("somewhere").is_err());
    }
}
