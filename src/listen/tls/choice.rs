//! Which of several certificates a client is shown.

use super::certificate::Certificate;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// All certificates of a listener.
#[derive(Debug)]
pub(super) struct Choice(Vec<Arc<Certificate>>);

impl Choice {
    pub(super) fn new(certificates: Vec<Arc<Certificate>>) -> Self {
        Choice(certificates)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let at = choose(self.0.iter().map(|certificate| certificate.names.as_slice()), hello.server_name());
        self.0.get(at).map(|certificate| Arc::clone(&certificate.key))
    }
}

/// Which one is for the host: one with its very name, else one whose wildcard covers it, else the first.
fn choose<'a>(all: impl Iterator<Item = &'a [String]> + Clone, host: Option<&str>) -> usize {
    let Some(host) = host.map(str::to_ascii_lowercase) else { return 0 };
    let has =
        |wanted: &dyn Fn(&str) -> bool| all.clone().position(|names| names.iter().any(|name| wanted(name)));
    has(&|name| name == host).or_else(|| has(&|name| covers(name, &host))).unwrap_or(0)
}

/// Whether a wildcard name stands for the host: its star is one label, no more and no less (RFC 9525 §6.3).
fn covers(name: &str, host: &str) -> bool {
    let (Some(rest), Some((label, parent))) = (name.strip_prefix("*."), host.split_once('.')) else {
        return false;
    };
    !label.is_empty() && rest == parent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_very_name_then_a_wildcard_then_the_first() {
        let all: Vec<Vec<String>> =
            [&["default.test"][..], &["*.up.test", "up.test"], &["a.up.test"], &["*.b.up.test"]]
                .map(|names| names.iter().map(|&name| name.to_owned()).collect())
                .into();
        for (host, wanted) in [
            (None, 0),
            (Some("default.test"), 0),
            (Some("up.test"), 1),
            (Some("UP.test"), 1),
            (Some("a.up.test"), 2),
            (Some("z.up.test"), 1),
            (Some("z.b.up.test"), 3),
            (Some("b.up.test"), 1),
            (Some("y.z.up.test"), 0),
            (Some("other.test"), 0),
            (Some(".up.test"), 0),
            (Some("test"), 0),
            (Some(""), 0),
        ] {
            assert_eq!(choose(all.iter().map(Vec::as_slice), host), wanted, "{host:?}");
        }
    }
}
