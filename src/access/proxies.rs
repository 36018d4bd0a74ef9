//! Which hosts in front are believed when they say who a client is.

use core::net::IpAddr;
use ipnet::IpNet;

/// The hosts in front, and what they say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// Networks of those that are believed. Nobody else is.
    pub trusted: Trusted,
    /// The fields in which they name the client.
    pub forwarded: Forwarded,
}

/// Networks whose hosts are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trusted(pub Vec<IpNet>);

impl Trusted {
    /// Whether the host is believed. An IPv4 address in the clothes of IPv6 is what it is.
    pub fn contains(&self, host: IpAddr) -> bool {
        let host = host.to_canonical();
        self.0.iter().any(|network| network.contains(&host))
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The fields of a request in which proxies name the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Forwarded {
    /// None is read.
    #[default]
    None,
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Standard,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_hosts() {
        let trusted =
            Trusted(["10.0.0.0/8", "::1/128", "2001:db8::/32"].map(|net| net.parse().unwrap()).into());
        for (host, wanted) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("11.0.0.1", false),
            ("::1", true),
            ("::2", false),
            ("2001:db8:1::5", true),
            ("2001:db9::5", false),
        ] {
            assert_eq!(trusted.contains(host.parse().unwrap()), wanted, "{host}");
        }
        assert!(!Trusted::default().contains("127.0.0.1".parse().unwrap()));
    }
}
