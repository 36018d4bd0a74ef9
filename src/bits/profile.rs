//! What kind of BITS server the backend is, as plain data. The session asks these values and never "is it IIS?".

use crate::limits::{KIB, MIB};
use http::HeaderMap;
use http::header::SERVER;

/// What a server does with a fragment that begins before the offset it wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// 416 with the offset it wants (MC-BUP §3.2.5.2.6). An unanswered fragment may be sent again.
    Refuse,
    /// Drops what it has and takes the rest (Win32). An unanswered fragment may be sent again.
    Trim,
    /// Appends the whole body: sending again corrupts the file. Such servers exist.
    Append,
    /// Not known; treated like [`Overlap::Append`].
    Unknown,
}

impl Overlap {
    /// Whether a fragment that may or may not have been taken may be sent again.
    pub const fn may_resend(self) -> bool {
        matches!(self, Overlap::Refuse | Overlap::Trim)
    }
}

/// What is known about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Name in configuration and logs.
    pub name: &'static str,
    /// What it does with repeated bytes.
    pub overlap: Overlap,
    /// Largest fragment that it takes, in bytes, as far as known beforehand.
    pub max_fragment: Option<u64>,
    /// Largest file, in bytes (some parse offsets into 32 bits).
    pub max_total: Option<u64>,
    /// Bytes of a fragment that stayed unanswered to send first, to learn the offset, instead of all of it;
    /// 0: send all of it.
    pub probe: u64,
    /// Whether a fragment's 200 must carry the next offset. If not, a 200 without one means "all taken".
    pub offset_required: bool,
}

/// Smallest fragment that shrinking goes down to: what the Windows client does (MC-BUP Appendix A <10>).
pub const SMALLEST_FRAGMENT: u64 = 5 * KIB;

impl Profile {
    /// Nothing is known: never sends a byte twice.
    pub const UNKNOWN: Profile = Profile {
        name: "unknown",
        overlap: Overlap::Unknown,
        max_fragment: None,
        max_total: None,
        probe: 0,
        offset_required: false,
    };

    /// Microsoft IIS with the BITS server extension. Its documents say 416 in one place and "trims" in another; both
    /// allow sending again. The request filter's default limit is 30,000,000 bytes, the Windows client's 13 MB.
    pub const IIS: Profile = Profile {
        name: "iis",
        overlap: Overlap::Refuse,
        max_fragment: Some(12 * MIB),
        probe: 1,
        ..Profile::UNKNOWN
    };

    /// A server that follows MC-BUP to the letter: overlaps get 416.
    pub const REFUSE: Profile =
        Profile { name: "refuse", overlap: Overlap::Refuse, probe: 1, ..Profile::UNKNOWN };

    /// A server that drops repeated bytes and takes the rest.
    pub const TRIM: Profile = Profile { name: "trim", overlap: Overlap::Trim, probe: 1, ..Profile::UNKNOWN };

    /// A server known to append repeated bytes.
    pub const APPEND: Profile = Profile { name: "append", overlap: Overlap::Append, ..Profile::UNKNOWN };

    /// Every profile that has a name.
    pub const NAMED: [&'static Profile; 5] =
        [&Profile::IIS, &Profile::REFUSE, &Profile::TRIM, &Profile::APPEND, &Profile::UNKNOWN];

    /// The profile of that name.
    pub fn named(name: &str) -> Option<&'static Profile> {
        Profile::NAMED.into_iter().find(|profile| profile.name == name)
    }

    /// What an answer of the server tells about itself.
    pub fn recognise(headers: &HeaderMap) -> &'static Profile {
        let server = headers.get(SERVER).map(|value| value.as_bytes()).unwrap_or_default();
        // One row a server. A product token of this name says which extension answers.
        const SERVERS: [(&[u8], &Profile); 1] = [(b"microsoft-iis/", &Profile::IIS)];
        SERVERS
            .into_iter()
            .find(|(prefix, _)| {
                server.len() >= prefix.len() && server[..prefix.len()].eq_ignore_ascii_case(prefix)
            })
            .map_or(&Profile::UNKNOWN, |(_, profile)| profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::collections::HashSet;

    #[test]
    fn iis_is_recognised_by_the_first_product_of_its_server_header() {
        for (server, name) in [
            (Some("Microsoft-IIS/10.0"), "iis"),
            (Some("Microsoft-IIS/6.0"), "iis"),
            (Some("microsoft-iis/8.5 (extra)"), "iis"),
            (Some("Microsoft-IIS"), "unknown"),
            (Some("Microsoft-HTTPAPI/2.0"), "unknown"),
            (Some("nginx (not Microsoft-IIS/10.0)"), "unknown"),
            (Some("BaseHTTP/0.6 Python/3.11.7"), "unknown"),
            (Some(""), "unknown"),
            (None, "unknown"),
        ] {
            let headers = server.map(|value| (SERVER, HeaderValue::from_static(value)));
            assert_eq!(Profile::recognise(&headers.into_iter().collect()).name, name, "{server:?}");
        }
    }

    #[test]
    fn profiles_are_found_by_their_names() {
        let names: HashSet<_> = Profile::NAMED.iter().map(|profile| profile.name).collect();
        assert_eq!(names.len(), Profile::NAMED.len());
        for profile in Profile::NAMED {
            assert_eq!(Profile::named(profile.name), Some(profile));
        }
        assert_eq!(Profile::named("IIS"), None);
    }

    #[test]
    fn only_known_rules_allow_sending_again() {
        for profile in Profile::NAMED {
            let allowed = ["iis", "refuse", "trim"].contains(&profile.name);
            assert_eq!(profile.overlap.may_resend(), allowed, "{}", profile.name);
            // A probe is a byte sent again.
            assert!(profile.probe == 0 || allowed, "{}", profile.name);
        }
    }

    #[test]
    fn iis_gets_no_more_than_it_takes_by_default() {
        let most = Profile::IIS.max_fragment.unwrap();
        assert!((SMALLEST_FRAGMENT..=13 * MIB).contains(&most), "{most}");
    }
}
