//! The checks that come before any session: method, limits of the HTTP layer, authentication, header hygiene.

use super::knobs::{Auth, LimitAnswer, MissingLength, Uploads};
use super::reply::{CODE_ACCESS_DENIED, Delivery, Reply};
use super::{RequestHead, Server};
use crate::bits::{PacketKind, header, range};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, StatusCode};

/// How far a connection has come with [`Auth::ThreeLegs`].
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
        if head.method.as_str() != "BITS_POST" {
            return Err(refuse_method(head.method));
        }
        match self.knobs.http.uploads {
            Uploads::Enabled => {}
            Uploads::Disabled501 => {
                return Err(self.knobs.wire.refuse(StatusCode::NOT_IMPLEMENTED, CODE_ACCESS_DENIED));
            }
            Uploads::Disabled404 => {
                let mut reply = Reply::plain(StatusCode::NOT_FOUND);
                reply.headers.extend(self.knobs.wire.server.clone().map(|server| ("Server", server)));
                return Err(reply);
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
            });
        }
        self.authenticate(connection, head)?;
        let length = self.check_length(length)?;
        if head.headers.values().any(|value| value.len() > header::MAX_VALUE) {
            return Err(self.invalid());
        }
        match head.headers.get(header::PACKET_TYPE).and_then(|value| PacketKind::parse(value.as_bytes())) {
            Some(kind) => Ok((kind, length)),
            None => Err(self.invalid()),
        }
    }

    fn authenticate(&mut self, connection: u64, head: &RequestHead<'_>) -> Result<(), Reply> {
        let given = head.headers.get(AUTHORIZATION);
        match &self.knobs.http.auth {
            Auth::Open => Ok(()),
            Auth::Forbidden => Err(self.knobs.wire.refuse(StatusCode::FORBIDDEN, CODE_ACCESS_DENIED)),
            Auth::Exact(wanted) if given == Some(wanted) => Ok(()),
            Auth::Exact(_) => Err(challenge("Basic realm=\"bits\"")),
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
