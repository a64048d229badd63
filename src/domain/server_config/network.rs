//! Addresses that the server must not be sent to on behalf of an admin: its own machine and network.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::IpNet;
use url::{Host, Url};

use crate::domain::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(10);

/// What is not on the public internet, after the registries of special-purpose addresses of IANA.
static RESERVED: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let networks = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        // Of IPv6 only 2000::/3 is in use, and parts of that lead to other addresses.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    ];
    networks.iter().filter_map(|network| network.parse().ok()).collect()
});

fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    !RESERVED.iter().any(|network| network.contains(&address))
}

/// Returns the public addresses of the host of `url`, a value of `field`. With `allow_private` nothing is looked up.
pub async fn public_addresses(field: &str, url: &str, allow_private: bool) -> Result<Vec<SocketAddr>> {
    let refused = |reason: &str| Error::invalid(format!("Invalid {field}: {reason}"));
    let url = Url::parse(url.trim()).ok();
    let host = url.as_ref().and_then(|url| Some((url.host()?, url.port_or_known_default().unwrap_or(443))));
    let Some((host, port)) = host else { return Err(refused("missing hostname")) };
    if allow_private {
        return Ok(Vec::new());
    }
    let private = || refused("must not point to a private or reserved network");
    let addresses: Vec<SocketAddr> = match host {
        Host::Ipv4(address) => vec![(address, port).into()],
        Host::Ipv6(address) => vec![(address, port).into()],
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if name == "localhost" || name.ends_with(".localhost") {
                return Err(private());
            }
            let found = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((name, port))).await;
            found.ok().and_then(Result::ok).map(Iterator::collect).unwrap_or_default()
        }
    };
    match addresses.as_slice() {
        [] => Err(refused("could not resolve hostname")),
        all if all.iter().all(|address| is_public(address.ip())) => Ok(addresses),
        _ => Err(private()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        assert_eq!(RESERVED.len(), 21, "each is a network");
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:0:1::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "52.1.2.3", "172.32.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn hosts_are_looked_up() {
        let check = async |url: &str| match public_addresses("u", url, false).await {
            Ok(addresses) => format!("{addresses:?}"),
            Err(error) => error.to_string(),
        };
        let private = "Invalid u: must not point to a private or reserved network";
        for url in ["http://localhost/", "https://a.localhost:1", "http://[::1]", "http://0x7f.1", "https://2130706433"]
        {
            assert_eq!(check(url).await, private, "{url}");
        }
        assert_eq!(check("connection.keboola.com").await, "Invalid u: missing hostname");
        assert_eq!(check("https://no-such-host.invalid").await, "Invalid u: could not resolve hostname");
        assert_eq!(check("https://8.8.8.8").await, "[8.8.8.8:443]");
        assert!(public_addresses("u", "http://127.0.0.1", true).await.is_ok());
    }
}
