//! One client connection from its first byte to its last.

use super::interim::Interim;
use super::phase::{Phase, SharedPhase};
use super::reply;
use super::service::{Service, new_id};
use super::wire::Wire;
use crate::access::{Guard, Peer};
use crate::error::{Failure, Problem};
use crate::limits::TimeLimits;
use crate::transfer::{Refusal, Uploads};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Most header fields of a request.
const MAX_HEADERS: usize = 64;

/// Largest request head, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Most that is read from a client at a time, in bytes. hyper's own default is three times as much, which is no faster and
/// costs each connection up to two such buffers.
const MAX_PIECE: usize = 128 << 10;

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

/// A service's wish to break the connection instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the connection is cut off on purpose")]
pub(super) struct CutOff;

/// Serves the requests of one HTTP/1 connection of `peer` until it ends. The caller has set the options of its socket.
///
/// When `shutdown` is cancelled an idle connection ends at once, a busy one after the answer to its request.
/// `limits.time.header` bounds the time that a request head takes, `limits.time.keep_alive` that between an answer and
/// the next request. A client that takes no byte of an answer for `limits.time.idle`
/// is cut off.
pub async fn serve_connection<I, U, G>(
    io: I,
    peer: impl Into<Peer>,
    service: Service<U, G>,
    shutdown: CancellationToken,
) where
    I: Transport,
    U: Uploads,
    G: Guard,
{
    let (peer, unreadable_id) = (peer.into(), new_id());
    let client = peer.address;
    let answer = |request, interim| service.clone().answer(peer.clone(), request, interim);
    let ended = run(io, &service.limits().time, unreadable_id.clone(), shutdown, answer).await;
    if let Err(error) = ended {
        if error.is_parse() {
            let too_large = error.is_parse_too_large();
            let problem = if too_large { Problem::HeadTooLarge } else { Problem::BadRequest };
            let failure = Failure::new(problem, error.to_string());
            let id = unreadable_id.as_str();
            service.uploads().refused(Refusal { id, client, failure: &failure, method: None, path: None });
        } else {
            tracing::debug!(%client, error = &error as &dyn std::error::Error, "client connection ended");
        }
    }
}

/// The same for whatever answers requests. That the connection was cut off is no error.
pub(super) async fn run<I, A, F>(
    io: I,
    time: &TimeLimits,
    unreadable_id: String,
    shutdown: CancellationToken,
    answer: A,
) -> hyper::Result<()>
where
    I: Transport,
    A: Fn(Request<Incoming>, Interim) -> F,
    F: Future<Output = Result<Response<Full<Bytes>>, CutOff>>,
{
    let phase = SharedPhase::new();
    let mut http = http1::Builder::new();
    // The wire has limits of its own.
    http.header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_PIECE)
        // Queued (vectored) answers can stall a pipelined request behind them; ours are too small to gain.
        .writev(false);
    let mut connection = http.serve_connection(
        TokioIo::new(Wire::new(io, phase.clone(), unreadable_id, time)),
        service_fn(|mut request| {
            let (interim, doubt) = phase.serve(request.version());
            doubt.map(|doubt| request.extensions_mut().insert(doubt));
            let (answer, phase) = (&answer, phase.clone());
            async move {
                // Made here: one that is handed in would be held twice.
                let mut result = answer(request, interim).await;
                phase.end(match &result {
                    Ok(response) if reply::closes(response) => Phase::Refused,
                    Ok(_) => Phase::Answered,
                    Err(CutOff) => Phase::CutOff,
                });
                if let Ok(response) = &mut result
                    && phase.is_last()
                {
                    reply::close(response);
                }
                result
            }
        }),
    );
    let ended = match shutdown.run_until_cancelled(&mut connection).await {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            // Half a head is no request yet: it is not waited for as long as at other times.
            let patience = if phase.get() == Phase::Head { time.linger } else { Duration::MAX };
            match tokio::time::timeout(patience, &mut connection).await {
                Ok(ended) => ended,
                Err(_) if phase.get() == Phase::Head => return Ok(()),
                Err(_) => (&mut connection).await,
            }
        }
    };
    if phase.get() == Phase::CutOff {
        connection.into_parts().io.into_inner().into_inner().close_abruptly();
        return Ok(());
    }
    ended
}
