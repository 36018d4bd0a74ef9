//! Who may upload by a route, as it is configured. Plain data: nothing is checked here.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, Uri};
use std::path::PathBuf;
use std::time::Duration;

/// Who may upload by a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Auth {
    /// Everybody: whoever stands in front decides.
    #[default]
    Open,
    /// Whoever has a token of which the hash is in this file.
    Bearer(PathBuf),
    /// The users of this file, with their passwords.
    Basic(PathBuf),
    /// Clients whose certificate has one of these names.
    Certificate(Vec<PeerName>),
    /// Whoever an authority lets in.
    Forward(Box<Forward>),
}

impl Auth {
    /// Whether it finds out who a client is.
    pub fn names_users(&self) -> bool {
        match self {
            Auth::Open => false,
            Auth::Bearer(_) | Auth::Basic(_) | Auth::Certificate(_) => true,
            Auth::Forward(forward) => !forward.copy.is_empty(),
        }
    }
}

/// How an authority is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forward {
    /// Where it is asked, by GET.
    pub url: Uri,
    /// Fields of the client's request that it gets to see.
    pub headers: Vec<HeaderName>,
    /// Fields of its answer that go on to the backend. The first one that is there says who the client is.
    pub copy: Vec<HeaderName>,
    /// Longest time to its answer.
    pub timeout: Duration,
    /// How long a "yes" holds for requests with the same fields. Zero: not at all.
    pub cache: Duration,
    /// Roots in PEM that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
}

impl Forward {
    /// With every choice left at its default.
    pub fn new(url: Uri) -> Self {
        Forward {
            url,
            headers: vec![AUTHORIZATION, COOKIE],
            copy: Vec::new(),
            timeout: Duration::from_secs(5),
            cache: Duration::from_secs(5),
            ca: None,
        }
    }
}

/// A name in a certificate, or a pattern for some: one `*` stands for anything but a dot, as in the names of certificates
/// themselves. In any case of ASCII letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PeerName(String);

impl PeerName {
    /// Reads `phone-*.example`. Nothing, if there is more than one `*`, nothing beside it, or a control character.
    ///
    /// ```
    /// use put2bits::route::PeerName;
    /// let phones = PeerName::parse("phone-*.example").unwrap();
    /// assert!(phones.covers("Phone-7.example") && !phones.covers("phone-7.evil.example"));
    /// assert!(PeerName::parse("*").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<PeerName> {
        let fits = text.bytes().filter(|&byte| byte == b'*').count() <= 1
            && !text.trim_matches('*').is_empty()
            && !text.chars().any(char::is_control);
        fits.then(|| PeerName(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means this name.
    pub fn covers(&self, name: &str) -> bool {
        let Some((start, end)) = self.0.split_once('*') else { return self.0.eq_ignore_ascii_case(name) };
        let (pattern_start, pattern_end) = (start.as_bytes(), end.as_bytes());
        let name = name.as_bytes();
        let Some(free) = name.len().checked_sub(pattern_start.len() + pattern_end.len()) else {
            return false;
        };
        let (head, rest) = name.split_at(pattern_start.len());
        let (middle, tail) = rest.split_at(free);
        head.eq_ignore_ascii_case(pattern_start)
            && tail.eq_ignore_ascii_case(pattern_end)
            && !middle.iter().any(|byte| b".@".contains(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_certificates() {
        for text in ["", "*", "a*b*", "a\nb"] {
            assert_eq!(PeerName::parse(text), None, "{text:?}");
        }
        for (pattern, name, covered) in [
            ("phone.example", "PHONE.example", true),
            ("phone.example", "phone.example.evil", false),
            ("phone-*.example", "phone-1.example", true),
            ("phone-*.example", "phone-.example", true),
            ("phone-*.example", "phone-1.x.example", false),
            ("phone-*.example", "phone.example", false),
            ("*.example", "a.example", true),
            ("*.example", ".example", true),
            ("*.example", "example", false),
            ("ab*ba", "aba", false),
            ("Alice*", "alice smith", true),
            ("*@example.com", "bob@example.com", true),
            ("*@example.com", "bob@evil@example.com", false),
            ("*.example.com", "bob@evil.example.com", false),
            ("ä*", "äb", true),
            ("ab*", "ä", false),
        ] {
            assert_eq!(PeerName::parse(pattern).unwrap().covers(name), covered, "{pattern} {name}");
        }
    }
}
