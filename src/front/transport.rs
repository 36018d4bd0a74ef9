//! What the front needs of a client's connection, whatever it is.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What carries the bytes of a client's connection.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The close to come shall be abrupt, where there is such a thing: what is still on its way is dropped, and the
    /// client sees a reset. So it cannot take the end for a regular one.
    fn close_abruptly(&self);

    /// What client and listener agreed to speak on it, if they did (ALPN).
    fn protocol(&self) -> Protocol {
        Protocol::Unknown
    }
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1 or HTTP/1.0.
    Http1,
    /// HTTP/2.
    Http2,
    /// Nothing was agreed: the first bytes tell.
    Unknown,
}

impl Transport for TcpStream {
    fn close_abruptly(&self) {
        // It fails on a socket that is gone already. Then there is nobody to tell.
        let _ = self.set_zero_linger();
    }
}
