//! Interim heads (`104 Upload Resumption Supported`): what a service says while its request is still open.
//!
//! The service queues the fields. hyper's server cannot send such heads, so over HTTP/1 they go round it: the wire writes
//! them at a message boundary. Over HTTP/2 the task of the stream hands them to h2. Every request has a queue of its own. It ends with the answer, so no head can come too late or
//! land in the exchange of another request.
//!
//! This file knows no version of the upload protocol: which fields a head has is for its caller to say.

use super::reply::OURS;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Version};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

/// Most heads that wait to be written. A client that reads slower than they come has no use for all of them.
const QUEUE: usize = 4;

/// The way to send interim heads for one request.
#[derive(Debug, Clone)]
pub(super) struct Interim {
    /// Without one the client knows no interim heads.
    heads: Option<mpsc::Sender<Head>>,
}

/// The other end: the heads of one request that wait to be written.
pub(super) type Heads = mpsc::Receiver<Head>;

/// One head.
#[derive(Debug)]
pub(super) struct Head {
    /// Apart, because a queue makes room for 32 heads at once.
    fields: Box<HeaderMap>,
    /// Told when the head is flushed.
    flushed: Option<oneshot::Sender<()>>,
}

/// Why a head was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NotSent {
    /// RFC 9110 §15.2: a server must not send one to an HTTP/1.0 client.
    #[error("HTTP/1.0 has no interim responses")]
    Http10,
    /// The request has its final answer, or the connection is gone.
    #[error("the request is over")]
    TooLate,
    /// As many heads as are allowed wait already. The client reads slowly.
    #[error("too many interim responses wait")]
    Full,
}

/// Both ends for one request of that HTTP version.
pub(super) fn channel(version: Version) -> (Interim, Option<Heads>) {
    if version < Version::HTTP_11 {
        return (Interim { heads: None }, None);
    }
    let (sender, heads) = mpsc::channel(QUEUE);
    (Interim { heads: Some(sender) }, Some(heads))
}

impl Interim {
    /// Sends a 104 with these fields, and waits until it is flushed (HTTP/2: until it has its place before all else that
    /// is sent on the stream). As long as the body has not been polled, no byte of it has been asked for or read before.
    ///
    /// Fields of the connection and of framing are left out. Once begun, a head is written to its end, also if this
    /// future is dropped.
    ///
    /// # Errors
    /// The head was not sent, or not whole. [`NotSent::Full`] is none of the reasons: this waits for a place.
    pub(super) async fn send(&self, fields: &HeaderMap) -> Result<(), NotSent> {
        let heads = self.heads.as_ref().ok_or(NotSent::Http10)?;
        let (sender, flushed) = oneshot::channel();
        let head = Head { fields: Box::new(fields.clone()), flushed: Some(sender) };
        heads.send(head).await.map_err(|_| NotSent::TooLate)?;
        flushed.await.map_err(|_| NotSent::TooLate)
    }

    /// Queues a 104 that may be lost: if the final answer comes first, it is never written.
    ///
    /// # Errors
    /// The head was not queued.
    pub(super) fn try_send(&self, fields: &HeaderMap) -> Result<(), NotSent> {
        let heads = self.heads.as_ref().ok_or(NotSent::Http10)?;
        heads.try_send(Head { fields: Box::new(fields.clone()), flushed: None }).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => NotSent::Full,
                mpsc::error::TrySendError::Closed(_) => NotSent::TooLate,
            },
        )
    }
}

impl Head {
    /// As HTTP/2 has it, and whom to tell when it has its place.
    pub(super) fn into_fields(mut self) -> (HeaderMap, Option<oneshot::Sender<()>>) {
        for name in OURS {
            self.fields.remove(name);
        }
        (*self.fields, self.flushed)
    }

    /// As HTTP/1.1 has it on the wire, and whom to tell when it is there.
    pub(super) fn into_wire(self) -> (Bytes, Option<oneshot::Sender<()>>) {
        let mut text = BytesMut::with_capacity(256);
        text.put_slice(b"HTTP/1.1 104 Upload Resumption Supported\r\n");
        for (name, value) in self.fields.iter().filter(|(name, _)| !OURS.contains(name)) {
            put_name(&mut text, name);
            for part in [b": ", value.as_bytes(), b"\r\n"] {
                text.put_slice(part);
            }
        }
        text.put_slice(b"\r\n");
        (text.freeze(), self.flushed)
    }
}

/// The name as specifications print it: people look for `Location`.
fn put_name(text: &mut BytesMut, name: &HeaderName) {
    let mut first = true;
    for &byte in name.as_str().as_bytes() {
        text.put_u8(if first { byte.to_ascii_uppercase() } else { byte });
        first = byte == b'-';
    }
}

#[cfg(test)]
mod tests;
