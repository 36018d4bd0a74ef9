//! The handshake of one connection.

use super::identity;
use crate::listen::refused::{Reason, Refused};
use crate::listen::socket::Socket;
use crate::listen::turns::Turns;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// What a record of a handshake begins with (RFC 8446 §5.1).
pub(in crate::listen) const HANDSHAKE: u8 = 22;

/// What is told to who speaks HTTP where TLS is wanted.
const SPEAK_TLS: &str = "This port speaks TLS: use https:// in place of http://.\n";

/// Bytes of such a request that are thrown away at a time.
const CHUNK: usize = 4 << 10;

/// Makes the connection an encrypted one. Gives the names of the client's certificate, too, if it has shown one.
pub(in crate::listen) async fn shake_hands(
    mut socket: Socket,
    config: impl Fn() -> Arc<ServerConfig>,
    turns: &Turns,
) -> Result<(TlsStream<Socket>, Arc<[String]>), Refused> {
    if socket.unread().is_empty() {
        socket.look().await.map_err(|error| Refused::gone(&error))?;
    }
    match socket.unread().first() {
        Some(&HANDSHAKE) => {}
        Some(byte) if byte.is_ascii_uppercase() => {
            say_what_to_speak(socket).await;
            return Err(Refused::new(Reason::PlainHttp, "it speaks HTTP without TLS: it should use https"));
        }
        _ => return Err(Refused::new(Reason::NotTls, "it speaks something that is not TLS")),
    }
    let start = LazyConfigAcceptor::new(Acceptor::default(), socket).await.map_err(refused)?;
    // Now, not earlier: the client may have taken its time, and the certificate may be another one since.
    let mut rest = pin!(start.into_stream(config()));
    // The first step computes the signature and the secrets; what is left to do is little, and waits for the client.
    let turn = turns.take().await;
    let first = poll_fn(|cx| Poll::Ready(rest.as_mut().poll(cx))).await;
    tokio::task::yield_now().await;
    drop(turn);
    let stream = match first {
        Poll::Ready(done) => done,
        Poll::Pending => rest.await,
    }
    .map_err(refused)?;
    let certificates = stream.get_ref().1.peer_certificates();
    let names = identity::names(certificates.and_then(<[_]>::first));
    Ok((stream, names))
}

/// Answers in what the client understands. What it has sent is read, for a reset could destroy the answer on its way.
async fn say_what_to_speak(mut socket: Socket) {
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{SPEAK_TLS}",
        SPEAK_TLS.len()
    );
    if socket.write_all(answer.as_bytes()).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let mut scratch = [0; CHUNK];
    while socket.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
}

/// What an error of a handshake means.
fn refused(error: io::Error) -> Refused {
    use rustls::Error as Tls;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>());
    let reason = match inner {
        None => return Refused::gone(&error),
        Some(Tls::NoCertificatesPresented | Tls::InvalidCertificate(_)) => Reason::ClientCertificate,
        Some(Tls::PeerIncompatible(_) | Tls::NoApplicationProtocol) => Reason::NothingInCommon,
        Some(Tls::AlertReceived(_)) => Reason::ClientRefused,
        Some(_) => Reason::NotTls,
    };
    let detail = match reason {
        Reason::ClientCertificate => "its certificate does not let it in",
        Reason::NothingInCommon => "it speaks no TLS that is spoken here",
        Reason::ClientRefused => "it does not accept this listener's certificate or TLS",
        _ => "the handshake broke",
    };
    Refused::new(reason, format!("{detail}: {error}"))
}
