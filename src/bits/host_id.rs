//! Which nodes of a farm are followed (MC-BUP §2.2.3.2, `BITS-Host-Id`).
//!
//! A host name out of a server's answer could send uploads anywhere. So none is followed unless the operator allows it, the
//! value has to be a plain name or address, and scheme and port are never the server's to choose.

use core::net::{Ipv4Addr, Ipv6Addr};
use http::uri::Authority;
use std::fmt;

/// What to do when a server asks by `BITS-Host-Id` that all later packets go to another host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostIdPolicy {
    /// Stay with the host that was configured.
    #[default]
    Ignore,
    /// Follow to hosts of the same domain: what is left of the configured host's name without its first label, which has to
    /// be two labels at least. Never for addresses. (Of a host right below a public suffix of two labels, `example.co.uk`,
    /// that would be everybody's domain: such nodes belong into a list.)
    SameDomain,
    /// Follow to these hosts alone, names or addresses, in lower case.
    AllowList(Vec<String>),
}

impl HostIdPolicy {
    /// Whether uploads to the configured host `origin` may go on at that node.
    ///
    /// ```
    /// use put2bits::bits::{HostIdPolicy, Node};
    /// let allows = |host: &str| HostIdPolicy::SameDomain.allows("bits.example.org", &Node::parse(host.as_bytes()).unwrap());
    /// assert!(allows("node7.example.org"));
    /// assert!(!allows("example.org.evil.test"));
    /// ```
    pub fn allows(&self, origin: &str, node: &Node) -> bool {
        match self {
            HostIdPolicy::Ignore => false,
            HostIdPolicy::SameDomain => {
                let origin = Node::parse(origin.as_bytes());
                let domain = origin.as_ref().and_then(Node::domain);
                domain.is_some_and(|domain| domain.contains('.') && node.domain() == Some(domain))
            }
            HostIdPolicy::AllowList(hosts) => {
                hosts.iter().any(|host| Node::parse(host.as_bytes()).as_ref() == Some(node))
            }
        }
    }
}

/// A host of a farm: a name or an address in its one canonical form, without scheme, user or port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node(Host);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    /// In lower case, without the dot at its end.
    Name(Box<str>),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Node {
    /// Longest value that is read, in characters (MC-BUP §2.2.1.2).
    pub const MAX: usize = 300;
    /// Longest host name, and longest label in it (RFC 1035).
    const MAX_NAME: usize = 253;
    const MAX_LABEL: usize = 63;

    /// Reads a host name, an IPv4 or an IPv6 address (with or without brackets). Nothing else is one: no port, no path, no
    /// number that some resolvers take for an address.
    pub fn parse(value: &[u8]) -> Option<Node> {
        let text = std::str::from_utf8(value.trim_ascii()).ok().filter(|text| text.len() <= Self::MAX)?;
        if let Ok(address) = text.parse() {
            return Some(Node(Host::V4(address)));
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Some(Node(Host::V6(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = name.len() <= Self::MAX_NAME && name.split('.').all(is_label) && !is_number(last);
        is_name.then(|| Node(Host::Name(name.into())))
    }

    /// Where it is reached: with the port of the host that was configured.
    pub fn authority(&self, origin: &Authority) -> Option<Authority> {
        match origin.port_u16() {
            Some(port) => Authority::try_from(format!("{self}:{port}")).ok(),
            None => Authority::try_from(self.to_string()).ok(),
        }
    }

    /// What is left of a name without its first label.
    fn domain(&self) -> Option<&str> {
        match &self.0 {
            Host::Name(name) => name.split_once('.').map(|(_, domain)| domain),
            Host::V4(_) | Host::V6(_) => None,
        }
    }
}

impl fmt::Display for Node {
    /// As in a URL: an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => write!(f, "{address}"),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Windows allows the underscore.
fn is_label(label: &str) -> bool {
    let fits = (1..=Node::MAX_LABEL).contains(&label.len());
    let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    fits && is_plain && !label.starts_with('-') && !label.ends_with('-')
}

/// `127.1`, `0x7f.1` and `2130706433` are addresses to many resolvers.
fn is_number(label: &str) -> bool {
    let is_hex =
        label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hex || label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Option<String> {
        Node::parse(text.as_bytes()).map(|node| node.to_string())
    }

    #[test]
    fn names_and_addresses_have_one_form() {
        let long_label = "x".repeat(63);
        for (text, shown) in [
            ("NODE_1", "node_1"),
            (" Node7.Example.ORG. ", "node7.example.org"),
            ("10.0.0.7", "10.0.0.7"),
            ("::1", "[::1]"),
            ("[2001:DB8:0::1]", "[2001:db8::1]"),
            ("1a.2b", "1a.2b"),
            (long_label.as_str(), long_label.as_str()),
        ] {
            assert_eq!(node(text).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_host() {
        let (long_label, long) = ("x".repeat(64), "x.".repeat(127) + "xx");
        for text in [
            "",
            ".",
            "a..b",
            "a.b..",
            "-a",
            "a-",
            "a b",
            "a:80",
            "[::1]:80",
            "u@h",
            "http://h",
            "//h",
            "h/",
            "h?x",
            "h#x",
            "h\\x",
            "a\0b",
            "a%62",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "1.2.3.4.5",
            "1.2.3.256",
            "::1%eth0",
            "[::1",
            "münchen.example",
            "*.example.org",
            "[10.0.0.1]x",
            &long_label,
            &long,
        ] {
            assert_eq!(node(text), None, "{text:?}");
        }
        assert_eq!(Node::parse(&[b'a', 0xFF]), None);
        assert_eq!(Node::parse(&[b' '; 400]), None);
    }

    #[test]
    fn a_node_has_the_port_of_the_origin() {
        let at = |node: &str, origin: &'static str| {
            let node = Node::parse(node.as_bytes()).unwrap();
            node.authority(&Authority::from_static(origin)).unwrap().to_string()
        };
        assert_eq!(at("n1.example.org", "bits.example.org:8080"), "n1.example.org:8080");
        assert_eq!(at("n1", "bits"), "n1");
        assert_eq!(at("::1", "[::2]:81"), "[::1]:81");
    }

    #[test]
    fn the_policy_decides_by_the_configured_host() {
        let list = || HostIdPolicy::AllowList(vec!["n1.example.org".into(), "10.0.0.7".into(), "::1".into()]);
        for (policy, origin, host, allowed) in [
            (HostIdPolicy::Ignore, "bits.example.org", "bits.example.org", false),
            (HostIdPolicy::SameDomain, "bits.example.org", "n1.example.org", true),
            (HostIdPolicy::SameDomain, "BITS.Example.org.", "N1.EXAMPLE.ORG.", true),
            (HostIdPolicy::SameDomain, "bits.example.org", "a.n1.example.org", false),
            (HostIdPolicy::SameDomain, "bits.example.org", "example.org", false),
            (HostIdPolicy::SameDomain, "bits.example.org", "n1", false),
            (HostIdPolicy::SameDomain, "bits.example.org", "n1example.org", false),
            (HostIdPolicy::SameDomain, "bits.example.org", "n1.example.org.evil.test", false),
            // One label left is a whole top-level domain; none is everybody.
            (HostIdPolicy::SameDomain, "example.org", "evil.org", false),
            (HostIdPolicy::SameDomain, "bits", "evil", false),
            (HostIdPolicy::SameDomain, "10.0.0.1", "10.0.0.2", false),
            (HostIdPolicy::SameDomain, "[::1]", "::2", false),
            (list(), "bits", "N1.example.org", true),
            (list(), "bits", "10.0.0.7", true),
            (list(), "bits", "[::1]", true),
            (list(), "bits", "10.0.0.8", false),
            (list(), "bits", "n1", false),
        ] {
            let node = Node::parse(host.as_bytes()).unwrap();
            assert_eq!(policy.allows(origin, &node), allowed, "{policy:?} {origin} {host}");
        }
    }
}
