//! One client connection from its first byte to its last.

use super::phase::{Phase, SharedPhase};
use super::reply;
use super::service::{Service, new_id};
use super::wire::Wire;
use crate::error::{Failure, Problem};
use crate::transfer::{Refusal, Uploads};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// Most header fields of a request.
const MAX_HEADERS: usize = 64;

/// Largest request head, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Serves the requests of one HTTP/1 connection of `client` until it ends. The caller has set the options of its socket.
///
/// When `shutdown` is cancelled an idle connection ends at once, a busy one after the answer to its request.
/// `limits.time.header` bounds the time to a whole request head, counted from the end of the answer before it:
/// so it is the limit for idle connections too. A client that takes no byte of an answer for `limits.time.idle`
/// is cut off.
pub async fn serve_connection<I, U>(
    io: I,
    client: SocketAddr,
    service: Service<U>,
    shutdown: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    U: Uploads,
{
    let (phase, unreadable_id) = (SharedPhase::new(), new_id());
    let time = &service.limits().time;
    let io = TokioIo::new(Wire::new(io, phase.clone(), unreadable_id.clone(), time));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(time.header)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        // Queued (vectored) answers can stall a pipelined request behind them; ours are too small to gain.
        .writev(false);

    let uploads = service.uploads().clone();
    let connection = http.serve_connection(
        io,
        service_fn(|request| {
            phase.set(Phase::Serving);
            let (service, phase) = (service.clone(), phase.clone());
            async move {
                let response = service.answer(client, request).await;
                phase.set(if reply::closes(&response) { Phase::Refused } else { Phase::Answered });
                Ok::<_, Infallible>(response)
            }
        }),
    );
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        if error.is_parse() {
            let too_large = error.is_parse_too_large();
            let problem = if too_large { Problem::HeadTooLarge } else { Problem::BadRequest };
            let failure = Failure::new(problem, error.to_string());
            let id = unreadable_id.as_str();
            uploads.refused(Refusal { id, client, failure: &failure, method: None, path: None });
        } else {
            tracing::debug!(%client, error = &error as &dyn std::error::Error, "client connection ended");
        }
    }
}
