//! Hosts: for which names of this proxy a route is.

use http::header::HOST;
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderValue};

/// A host name, or `*.` and what the names end with. In small letters, without a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern(String);

impl HostPattern {
    /// Reads `photos.example`, `192.0.2.1`, `[2001:db8::1]` or `*.example`. A name beyond ASCII is taken in its `xn--`
    /// form only, because requests have it so.
    ///
    /// ```
    /// use put2bits::route::HostPattern;
    /// let pattern = HostPattern::parse("*.Example").unwrap();
    /// assert!(pattern.covers("photos.example") && !pattern.covers("example"));
    /// assert!(HostPattern::parse("photos.example:443").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<HostPattern> {
        let text = text.to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let fits = match inner {
            Some(address) => {
                address.contains(':') && address.parse::<core::net::Ipv6Addr>().is_ok() && name == text
            }
            None => name.len() <= 253 && name.split('.').all(label),
        };
        fits.then_some(HostPattern(text))
    }

    /// As it is compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether that host is meant: a name as [`host`] gives it.
    pub fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            // `*.example` is for all that is below `example`, at any depth.
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.0,
        }
    }

    /// How much it says: one name says more than many, a longer end more than a shorter one.
    pub(super) fn weight(&self) -> (bool, usize) {
        (!self.0.starts_with('*'), self.0.len())
    }
}

/// The host that a request is for, in small letters, without port and without the dot that may end it. Nothing, if it
/// names none (as HTTP/1.0 may).
pub fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = |value: &HeaderValue| Authority::try_from(value.as_bytes()).ok();
    let authority = uri.authority().cloned().or_else(|| headers.get(HOST).and_then(named))?;
    let host = authority.host();
    Some(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for text in [
            "",
            "*",
            "*.",
            "**.a",
            "a.*",
            "*a",
            "a..b",
            ".a",
            "a.",
            "a b",
            "a:80",
            "a/b",
            "größe.example",
            "[1.2.3.4]",
            "[::1",
            "*.[::1]",
            "[]",
            "a@b",
            "http://a",
        ] {
            assert_eq!(HostPattern::parse(text), None, "{text:?}");
        }
        for (pattern, host, covered) in [
            ("a.example", "a.example", true),
            ("A.Example", "a.example", true),
            ("a.example", "b.a.example", false),
            ("*.example", "a.example", true),
            ("*.example", "b.a.example", true),
            ("*.example", "example", false),
            ("*.example", ".example", false),
            ("*.example", "aexample", false),
            ("xn--gre-6ka8i.example", "xn--gre-6ka8i.example", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("[2001:DB8::1]", "[2001:db8::1]", true),
        ] {
            assert_eq!(HostPattern::parse(pattern).unwrap().covers(host), covered, "{pattern} {host}");
        }
    }

    #[test]
    fn the_host_of_a_request() {
        for (uri, field, expected) in [
            ("/a", Some("Photos.Example:8443"), Some("photos.example")),
            ("/a", Some("photos.example."), Some("photos.example")),
            ("/a", Some("[::1]:80"), Some("[::1]")),
            ("https://A.example:1/a", Some("b.example"), Some("a.example")),
            ("https://A.example/a", None, Some("a.example")),
            ("/a", None, None),
            ("/a", Some("a b"), None),
        ] {
            let headers: HeaderMap =
                field.map(|value| (HOST, HeaderValue::from_static(value))).into_iter().collect();
            assert_eq!(host(&uri.parse().unwrap(), &headers).as_deref(), expected, "{uri} {field:?}");
        }
    }
}
