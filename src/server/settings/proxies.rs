use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The proxies whose `X-Forwarded-*` headers are trusted.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Every peer is a proxy; then only the address that it appended counts.
    any: bool,
    networks: Vec<IpNet>,
}

impl Proxies {
    /// Reads a comma list of addresses and networks, or `*`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut proxies = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.parse::<IpNet>().or_else(|_| item.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => proxies.networks.push(network),
                Err(_) if item == "*" => proxies.any = true,
                Err(_) => return Err(format!("FORWARDED_ALLOW_IPS: '{item}' is not an address, a network or *")),
            }
        }
        Ok(proxies)
    }

    pub fn trusts(&self, ip: IpAddr) -> bool {
        self.any || self.networks.iter().any(|network| network.contains(&ip.to_canonical()))
    }

    /// Returns the address that the nearest trusted proxy saw. Each proxy appends its peer's address to
    /// `X-Forwarded-For`, so `forwarded_for` is read from its end, for as long as the addresses are trusted proxies.
    pub fn client(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let mut client = peer;
        if !self.trusts(peer) {
            return client;
        }
        for hop in forwarded_for.iter().rev() {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &str) -> String {
        let hops: Vec<&str> = forwarded.split(", ").collect();
        Proxies::parse(proxies).unwrap().client(peer.parse().unwrap(), &hops).to_string()
    }

    #[test]
    fn only_proxies_are_trusted() {
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "198.51.100.7"), "198.51.100.7");
        // Addresses that the client itself sent do not count.
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, 198.51.100.7"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, 198.51.100.7, 10.2.2.2"), "198.51.100.7");
        assert_eq!(client("*", "192.0.2.1", "1.2.3.4, 198.51.100.7:4711"), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.1.1", "1.2.3.4, nonsense"), "10.1.1.1");
        assert_eq!(client("::1", "::1", "2001:db8::1"), "2001:db8::1");
        assert!(Proxies::parse("somewhere").is_err());
    }
}
