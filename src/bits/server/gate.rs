//! The checks that come before any session: method, limits of the HTTP layer, authentication, header hygiene.

use super::knobs::{Auth, LimitAnswer, MissingLength, Uploads, VerbRule};
use super::reply::{CODE_ACCESS_DENIED, CODE_TOO_LARGE, Delivery, Reply};
use super::{RequestHead, Server};
use crate::bits::{PacketKind, header, range};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// The first characters of NTLM's first and third message (MS-NLMP §2.2.1: the signature and the number of the message).
const NTLM_NEGOTIATE: &str = "NTLM TlRMTVNTUAABAAAA";
const NTLM_AUTHENTICATE: &str = "NTLM TlRMTVNTUAADAAAA";
/// A whole second message: of server NODE in domain BITS, for NTLMv2, with the challenge 0123456789abcdef.
const NTLM_CHALLENGE: &str = "NTLM TlRMTVNTUAACAAAACAAIADgAAAAFgoriASNFZ4mrze8AAAAAAAAAAFIAUgBAAAAACgBhSgAAAA9CAEkAVABTAAIACABCAEkAVABTAAEACABOAE8ARABFAAQAEgBiAGkAdABzAC4AdABlAHMAdAADABwAbgBvAGQAZQAuAGIAaQB0AHMALgB0AGUAcwB0AAAAAAA=";

/// How far a connection has come with [`Auth::Ntlm`] or [`Auth::ThreeLegs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legs {
    Challenged,
    Authenticated,
}

impl Server {
    /// Which packet this is and how long its body, or why it is refused before BITS looks at it.
    pub(super) fn admit(
        &mut self,
        connection: u64,
        head: &RequestHead<'_>,
    ) -> Result<(PacketKind, u64), Reply> {
        self.check_verb(head)?;
        match self.knobs.http.uploads {
            Uploads::Enabled => {}
            Uploads::Disabled501 => {
                return Err(self.knobs.wire.refuse(StatusCode::NOT_IMPLEMENTED, CODE_ACCESS_DENIED));
            }
            Uploads::Disabled404 => {
                return Err(self.signed(Reply::plain(StatusCode::NOT_FOUND)));
            }
        }
        let length = content_length(head);
        if let (Some(limit), Length::Known(length)) = (self.knobs.http.max_fragment, length)
            && length > limit.bytes
        {
            return Err(match limit.answer {
                LimitAnswer::Early413 => Reply::early_413(),
                LimitAnswer::Late413 => Reply::plain(StatusCode::PAYLOAD_TOO_LARGE),
                LimitAnswer::Html404 => Reply::html_404(),
                LimitAnswer::TooLarge500 => {
                    self.knobs.wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, CODE_TOO_LARGE)
                }
            });
        }
        self.authenticate(connection, head.headers)?;
        let length = self.check_length(length)?;
        if head.headers.values().any(|value| value.len() > header::MAX_VALUE) {
            return Err(self.invalid());
        }
        match head.headers.get(header::PACKET_TYPE).and_then(|value| PacketKind::parse(value.as_bytes())) {
            Some(kind) => Ok((kind, length)),
            None => Err(self.invalid()),
        }
    }

    fn check_verb(&self, head: &RequestHead<'_>) -> Result<(), Reply> {
        let is_native = head.method.as_str() == header::VERB;
        let is_override = head.method == Method::POST
            && head.headers.get(header::METHOD_OVERRIDE).is_some_and(|verb| verb == header::VERB);
        match self.knobs.http.verb {
            VerbRule::Native | VerbRule::Either if is_native => Ok(()),
            VerbRule::Override | VerbRule::Either if is_override => Ok(()),
            VerbRule::Filtered if is_native => Err(self.signed(Reply::html_404())),
            _ => Err(refuse_method(head.method)),
        }
    }

    /// Whether whoever sends these headers on that connection may be here, be it to upload or to read.
    ///
    /// # Errors
    /// The answer if not.
    pub fn authenticate(&mut self, connection: u64, headers: &HeaderMap) -> Result<(), Reply> {
        let given = headers.get(AUTHORIZATION);
        match &self.knobs.http.auth {
            Auth::Open => Ok(()),
            Auth::Forbidden => Err(self.knobs.wire.refuse(StatusCode::FORBIDDEN, CODE_ACCESS_DENIED)),
            Auth::Exact(wanted) if given == Some(wanted) => Ok(()),
            Auth::Exact(wanted) if wanted.as_bytes().starts_with(b"Bearer ") => {
                Err(challenge("Bearer realm=\"bits\""))
            }
            Auth::Exact(_) => Err(challenge("Basic realm=\"bits\"")),
            Auth::Ntlm => {
                let is = |message: &str| {
                    given.is_some_and(|value| value.as_bytes().starts_with(message.as_bytes()))
                };
                match self.legs.get(&connection) {
                    Some(Legs::Authenticated) => Ok(()),
                    Some(Legs::Challenged) if is(NTLM_AUTHENTICATE) => {
                        self.legs.insert(connection, Legs::Authenticated);
                        Ok(())
                    }
                    _ if is(NTLM_NEGOTIATE) => {
                        self.legs.insert(connection, Legs::Challenged);
                        Err(challenge(NTLM_CHALLENGE))
                    }
                    _ => {
                        self.legs.remove(&connection);
                        Err(challenge("NTLM"))
                    }
                }
            }
            Auth::ThreeLegs => {
                let leg = self.legs.get(&connection).copied();
                let speaks_ntlm = given.is_some_and(|value| value.as_bytes().starts_with(b"NTLM "));
                match (leg, speaks_ntlm) {
                    (Some(Legs::Authenticated), _) => Ok(()),
                    (Some(Legs::Challenged), true) => {
                        self.legs.insert(connection, Legs::Authenticated);
                        Ok(())
                    }
                    (None, true) => {
                        self.legs.insert(connection, Legs::Challenged);
                        Err(challenge("NTLM TlRMTVNTUAACAAAA"))
                    }
                    (_, false) => {
                        self.legs.remove(&connection);
                        Err(challenge("NTLM"))
                    }
                }
            }
        }
    }

    /// With the name of the server: also what is no Ack says whose it is.
    fn signed(&self, mut reply: Reply) -> Reply {
        reply.headers.extend(self.knobs.wire.server.clone().map(|server| ("Server", server)));
        reply
    }

    fn check_length(&self, length: Length) -> Result<u64, Reply> {
        match (length, self.knobs.http.missing_length) {
            (Length::Known(length), _) => Ok(length),
            (Length::Missing, MissingLength::Accept) => Ok(0),
            (Length::Missing | Length::Chunked, MissingLength::Status411) => {
                let reply = self.knobs.wire.refuse(StatusCode::LENGTH_REQUIRED, super::CODE_INVALID_ARGUMENT);
                Err(early_if(length == Length::Chunked, reply))
            }
            (Length::Missing | Length::Chunked | Length::Malformed, _) => {
                Err(early_if(length != Length::Missing, self.invalid()))
            }
        }
    }
}

/// `Content-Length` and whether the body is framed otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Known(u64),
    Missing,
    Chunked,
    Malformed,
}

fn content_length(head: &RequestHead<'_>) -> Length {
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return Length::Chunked;
    }
    let mut values = head.headers.get_all(CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (None, _) => Length::Missing,
        (Some(value), None) => match value.to_str().ok().and_then(range::decimal) {
            Some(length) => Length::Known(length),
            None => Length::Malformed,
        },
        (Some(_), Some(_)) => Length::Malformed,
    }
}

/// Where the body ends is not known: the connection can't be used after the answer.
fn early_if(unframed: bool, reply: Reply) -> Reply {
    if unframed {
        reply.with("Connection", HeaderValue::from_static("close")).delivered(Delivery::Early)
    } else {
        reply
    }
}

fn challenge(scheme: &'static str) -> Reply {
    Reply::plain(StatusCode::UNAUTHORIZED).with("WWW-Authenticate", HeaderValue::from_static(scheme))
}

/// 405 for verbs that HTTP knows, 501 for others.
fn refuse_method(method: &Method) -> Reply {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::POST,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
        Method::TRACE,
        Method::CONNECT,
    ];
    if KNOWN.contains(method) {
        Reply::plain(StatusCode::METHOD_NOT_ALLOWED).with("Allow", HeaderValue::from_static("BITS_POST"))
    } else {
        Reply::plain(StatusCode::NOT_IMPLEMENTED)
    }
}
