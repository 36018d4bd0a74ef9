//! The five packets that a client sends, each with exactly the headers of MC-BUP §2.2.2 to §2.2.10.

use super::dialect::{Dialect, GuidCase, Verb};
use super::header;
use super::range::ContentRange;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};
use std::fmt;

/// The id that the server gave a session. Opaque: braced or bare GUID, decimal, negative; sent back byte for byte.
///
/// It works like a password for the session, so it is never printed whole.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(HeaderValue);

impl SessionId {
    /// Longest id taken from a server. Win32 says 100 characters; ten times that is still harmless.
    pub const MAX: usize = 1024;

    /// The id, unless it is empty or longer than [`SessionId::MAX`].
    pub fn new(value: HeaderValue) -> Option<Self> {
        (!value.is_empty() && value.len() <= Self::MAX).then_some(SessionId(value))
    }

    /// Whether a server that sends this back means this session. Some change the case of letters, or leave out the braces;
    /// an empty value says nothing.
    pub(super) fn is_echoed_by(&self, value: &HeaderValue) -> bool {
        fn bare(id: &[u8]) -> &[u8] {
            let id = id.trim_ascii();
            id.strip_prefix(b"{").and_then(|id| id.strip_suffix(b"}")).unwrap_or(id)
        }
        let echo = bare(value.as_bytes());
        echo.is_empty() || echo.eq_ignore_ascii_case(bare(self.0.as_bytes()))
    }

    /// As it goes on the wire.
    pub fn as_header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Display for SessionId {
    /// The first eight characters, enough to find the session in the backend's log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0.as_bytes().iter().filter(|b| b.is_ascii_graphic()).take(8) {
            write!(f, "{}", char::from(byte))?;
        }
        f.write_str("…")
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// Which of the five packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// Opens a session. The size is not told here.
    CreateSession,
    /// Empty both ways: does the host answer, is the connection authenticated?
    Ping,
    /// A range of the file.
    Fragment,
    /// All bytes are there: publish the file.
    CloseSession,
    /// Forget the session and its bytes.
    CancelSession,
}

impl PacketKind {
    /// All kinds, in protocol order.
    pub const ALL: [PacketKind; 5] = [
        PacketKind::CreateSession,
        PacketKind::Ping,
        PacketKind::Fragment,
        PacketKind::CloseSession,
        PacketKind::CancelSession,
    ];

    /// The value of `BITS-Packet-Type`, in the mixed case of the real wire form: several servers compare it exactly.
    pub const fn as_str(self) -> &'static str {
        match self {
            PacketKind::CreateSession => "Create-Session",
            PacketKind::Ping => "Ping",
            PacketKind::Fragment => "Fragment",
            PacketKind::CloseSession => "Close-Session",
            PacketKind::CancelSession => "Cancel-Session",
        }
    }

    /// Reads the value of `BITS-Packet-Type`, in any letter case.
    pub fn parse(value: &[u8]) -> Option<Self> {
        PacketKind::ALL.into_iter().find(|kind| value.eq_ignore_ascii_case(kind.as_str().as_bytes()))
    }
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an upload goes: the same in all packets of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Path and query of the file at the backend, the request target of every packet.
    pub target: PathAndQuery,
    /// Value of `Host`.
    pub host: HeaderValue,
    /// Value of `Content-Name`: the file's name without a path.
    pub content_name: HeaderValue,
}

/// One request of the protocol. The body of a fragment travels beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// §2.2.2
    CreateSession,
    /// §2.2.4
    Ping,
    /// §2.2.6
    Fragment {
        /// The session that the range belongs to.
        session: SessionId,
        /// Which bytes of the file are the body.
        range: ContentRange,
    },
    /// §2.2.8
    CloseSession {
        /// The session to publish.
        session: SessionId,
    },
    /// §2.2.10
    CancelSession {
        /// The session to forget.
        session: SessionId,
    },
}

impl Packet {
    /// Which packet this is.
    pub const fn kind(&self) -> PacketKind {
        match self {
            Packet::CreateSession => PacketKind::CreateSession,
            Packet::Ping => PacketKind::Ping,
            Packet::Fragment { .. } => PacketKind::Fragment,
            Packet::CloseSession { .. } => PacketKind::CloseSession,
            Packet::CancelSession { .. } => PacketKind::CancelSession,
        }
    }

    /// Size of the body in bytes: 0 for all but a fragment.
    pub const fn content_length(&self) -> u64 {
        match self {
            Packet::Fragment { range, .. } => range.len(),
            _ => 0,
        }
    }

    /// The request, without its body: HTTP/1.1, an explicit `Content-Length` (HTTP libraries leave it out for
    /// empty bodies of unknown verbs, and servers then answer 411 or 400), and never an `Expect`.
    ///
    /// ```
    /// use put2bits::bits::{Destination, Dialect, Packet};
    /// let to = Destination {
    ///     target: "/uploads/f.bin".parse().unwrap(),
    ///     host: "iis".parse().unwrap(),
    ///     content_name: "f.bin".parse().unwrap(),
    /// };
    /// let request = Packet::CreateSession.request(&to, &Dialect::default());
    /// assert_eq!(request.method(), "BITS_POST");
    /// assert_eq!(request.headers()["bits-packet-type"], "Create-Session");
    /// assert_eq!(request.headers()["content-length"], "0");
    /// ```
    pub fn request(&self, to: &Destination, dialect: &Dialect) -> Request<()> {
        // What the protocol says stands above what is added.
        let mut headers = match self {
            Packet::CloseSession { .. } => dialect.on_close.clone(),
            _ => HeaderMap::with_capacity(8),
        };
        headers.insert(HOST, to.host.clone());
        headers.insert(header::PACKET_TYPE, HeaderValue::from_static(self.kind().as_str()));
        match self {
            Packet::CreateSession => {
                let guid = match dialect.guid {
                    GuidCase::Lower => header::PROTOCOL_VALUE,
                    GuidCase::Upper => header::PROTOCOL_VALUE_UPPER,
                };
                headers.insert(header::SUPPORTED_PROTOCOLS, guid);
            }
            Packet::Ping => {}
            Packet::Fragment { session, range } => {
                headers.insert(header::SESSION_ID, session.as_header().clone());
                headers.insert(CONTENT_RANGE, range.to_value());
            }
            Packet::CloseSession { session } | Packet::CancelSession { session } => {
                headers.insert(header::SESSION_ID, session.as_header().clone());
            }
        }
        // Some servers name the stored file after it; IIS ignores it. A Ping is about no file.
        if self.kind() != PacketKind::Ping {
            headers.insert(header::CONTENT_NAME, to.content_name.clone());
        }
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("put2bits/", env!("CARGO_PKG_VERSION"))));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(self.content_length()));

        let mut request = Request::new(());
        *request.method_mut() = match dialect.verb {
            Verb::Native => header::bits_post(),
            Verb::Override => {
                headers.insert(header::METHOD_OVERRIDE, HeaderValue::from_static(header::VERB));
                Method::POST
            }
        };
        *request.uri_mut() = Uri::from(to.target.clone());
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "{A0ff5911-4144-45B3-BF27-27AFC8EC8A67}";

    /// Every header of every packet: these, and no others.
    #[test]
    fn each_packet_has_exactly_its_headers() {
        let to = Destination {
            target: "/uploads/a%20b.bin?x=1".parse().unwrap(),
            host: HeaderValue::from_static("iis:8080"),
            content_name: HeaderValue::from_static("a b.bin"),
        };
        let session = || SessionId::new(HeaderValue::from_static(ID)).unwrap();
        let range = ContentRange::new(128, 213, 500).unwrap();
        let guid = ("bits-supported-protocols", "{7df0354d-249b-430f-820d-3d2a9bef4931}");
        let (id, name, empty) =
            (("bits-session-id", ID), ("content-name", "a b.bin"), ("content-length", "0"));
        let fragment = [id, name, ("content-range", "bytes 128-212/500"), ("content-length", "85")];
        type Headers<'a> = &'a [(&'a str, &'a str)];
        let table: [(Packet, &str, Headers<'_>); 5] = [
            (Packet::CreateSession, "Create-Session", &[guid, name, empty]),
            (Packet::Ping, "Ping", &[empty]),
            (Packet::Fragment { session: session(), range }, "Fragment", &fragment),
            (Packet::CloseSession { session: session() }, "Close-Session", &[id, name, empty]),
            (Packet::CancelSession { session: session() }, "Cancel-Session", &[id, name, empty]),
        ];
        for (packet, kind, own) in table {
            let request = packet.request(&to, &Dialect::default());
            assert_eq!(request.method().as_str(), "BITS_POST");
            assert_eq!(request.uri(), "/uploads/a%20b.bin?x=1");
            assert_eq!(request.version(), Version::HTTP_11);
            let agent = concat!("put2bits/", env!("CARGO_PKG_VERSION"));
            let common = [("host", "iis:8080"), ("bits-packet-type", kind), ("user-agent", agent)];
            let mut wanted: Vec<_> = common.iter().chain(own).copied().collect();
            let mut sent: Vec<_> = request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            wanted.sort_unstable();
            sent.sort_unstable();
            assert_eq!(sent, wanted, "{kind}");
            assert_eq!(request.headers()["content-length"], packet.content_length().to_string());
        }
    }

    #[test]
    fn a_dialect_changes_what_it_names_and_nothing_else() {
        let to = Destination {
            target: "/up/f.bin".parse().unwrap(),
            host: HeaderValue::from_static("iis"),
            content_name: HeaderValue::from_static("f.bin"),
        };
        let mut on_close = HeaderMap::new();
        on_close.append("x-album", HeaderValue::from_static("1"));
        on_close.append("x-album", HeaderValue::from_static("2"));
        // Whoever tries to change the protocol's own fields does not get through.
        for own in ["bits-session-id", "bits-packet-type", "content-length", "host", "content-name"] {
            on_close.insert(own, HeaderValue::from_static("evil"));
        }
        let dialect = Dialect { verb: Verb::Override, guid: GuidCase::Upper, on_close };
        let session = || SessionId::new(HeaderValue::from_static(ID)).unwrap();
        let range = ContentRange::new(0, 1, 1).unwrap();
        for packet in [
            Packet::CreateSession,
            Packet::Ping,
            Packet::Fragment { session: session(), range },
            Packet::CloseSession { session: session() },
            Packet::CancelSession { session: session() },
        ] {
            let mut plain = packet.request(&to, &Dialect::default());
            let request = packet.request(&to, &dialect);
            assert_eq!(request.method(), "POST");
            let headers = plain.headers_mut();
            headers.insert("x-http-method-override", HeaderValue::from_static("BITS_POST"));
            match packet {
                Packet::CreateSession => {
                    let guid = HeaderValue::from_static("{7DF0354D-249B-430F-820D-3D2A9BEF4931}");
                    headers.insert("bits-supported-protocols", guid);
                }
                Packet::CloseSession { .. } => {
                    headers.append("x-album", HeaderValue::from_static("1"));
                    headers.append("x-album", HeaderValue::from_static("2"));
                }
                _ => {}
            }
            assert_eq!(request.headers(), plain.headers(), "{packet:?}");
        }
    }

    #[test]
    fn a_kind_is_read_in_any_case_and_written_in_one() {
        for kind in PacketKind::ALL {
            assert_eq!(PacketKind::parse(kind.as_str().as_bytes()), Some(kind));
            assert_eq!(PacketKind::parse(kind.as_str().to_uppercase().as_bytes()), Some(kind));
        }
        for other in ["", "Ack", "Create", "Create-Session ", "Fragment\u{0}"] {
            assert_eq!(PacketKind::parse(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn a_session_id_is_opaque_and_never_printed_whole() {
        let id = |text: &str| SessionId::new(HeaderValue::from_str(text).unwrap());
        assert_eq!(id("-6623210570789998337").unwrap().as_header(), "-6623210570789998337");
        assert_eq!(id(""), None);
        assert!(id(&"x".repeat(SessionId::MAX)).is_some());
        assert_eq!(id(&"x".repeat(SessionId::MAX + 1)), None);
        let packet = Packet::CloseSession { session: id(ID).unwrap() };
        assert_eq!(id(ID).unwrap().to_string(), "{A0ff591…");
        let printed = format!("{packet:?}");
        assert!(printed.contains("SessionId({A0ff591…)") && !printed.contains("4144"), "{printed}");
        // Bytes beyond ASCII go back as they came, and are not printed.
        let odd = HeaderValue::from_bytes(b"\xE4b c").unwrap();
        let session = SessionId::new(odd.clone()).unwrap();
        assert_eq!((session.as_header(), session.to_string().as_str()), (&odd, "bc…"));
    }
}
