//! The scripts. What they contain of a server is its address and the names and checksums of its programs, of which each
//! character is checked, so that quotes around them suffice.

use minijinja::{Environment, context};

use crate::protocol::client_program::ClientBinary;
use crate::server::services::client_programs::Offer;

#[derive(Clone, Copy)]
pub enum Script {
    Sh,
    PowerShell,
}

impl Script {
    pub fn render(self, server: &str, offer: &Offer) -> Result<String, minijinja::Error> {
        let source = match self {
            Self::Sh => include_str!("install.sh"),
            Self::PowerShell => include_str!("install.ps1"),
        };
        let binaries = offer.binaries.iter().map(|program| {
            let ClientBinary { os, arch, filename, size, sha256, .. } = &program.about;
            context! { os, arch, filename, size, sha256 }
        });
        Environment::new().render_str(
            source,
            context! {
                server,
                binaries => binaries.collect::<Vec<_>>(),
                version => env!("CARGO_PKG_VERSION"),
                platforms => offer.platforms().join(", "),
            },
        )
    }
}

/// Whether an address is `http(s)://host[:port][/path]` of plain characters.
pub fn is_plain_address(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")) else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_of = |text: &str, others: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || others.contains(&byte))
    };
    !host.is_empty() && is_of(host, b"[]:") && is_of(path, b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_anything_odd_are_refused() {
        for good in ["http://h", "https://agnes.example.com:8443/data/agnes", "http://[::1]:8000"] {
            assert!(is_plain_address(good), "{good}");
        }
        let bad =
            ["", "ftp://h", "http://", "http://h'", "http://h\n", "http://h/$(x)", "http://h/a b", "http://u@h", "//h"];
        for bad in bad {
            assert!(!is_plain_address(bad), "{bad}");
        }
    }
}
