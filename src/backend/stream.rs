//! What hyper reads and writes: the socket, with TLS on it or without.
//!
//! What counts and watches ([`Io`]) lies below TLS, at the socket. So "the socket took no byte of the request" stays exact:
//! TLS keeps up to 64 KiB in a buffer of its own, and says of them that they are written.

use super::io::Io;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// A connection to a server, as it is or encrypted. TLS flushes the socket only when its own buffer is empty, so a flush of
/// the socket means the same for both.
pub(super) type Stream = Either<Io, Box<TlsStream<Io>>>;
