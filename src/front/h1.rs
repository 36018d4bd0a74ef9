//! HTTP/1: hyper's server, with our wire below it.

use super::asked::CutOff;
use super::due::Due;
use super::head::{MAX_FIELDS, MAX_HEAD};
use super::interim::Interim;
use super::phase::{Phase, SharedPhase};
use super::reply;
use super::transport::Transport;
use super::wire::Wire;
use crate::limits::TimeLimits;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Most that is read from a client at a time, in bytes. hyper's own default is three times as much, which is no faster and
/// costs each connection up to two such buffers. A little below the 128 KiB from which on glibc takes each buffer from the
/// system anew, and back, which more than doubles the CPU time of an upload.
const MAX_PIECE: usize = 124 << 10;

/// Serves the requests of one connection. That it was cut off is no error.
///
/// `due`: until when its first head has to be there.
pub(super) async fn run<I, A, F>(
    io: I,
    time: &TimeLimits,
    due: Due,
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
        .max_headers(MAX_FIELDS)
        .max_header_size(MAX_HEAD as usize)
        .max_buf_size(MAX_PIECE)
        // Queued (vectored) answers can stall a pipelined request behind them; ours are too small to gain.
        .writev(false);
    let mut connection = http.serve_connection(
        TokioIo::new(Wire::new(io, phase.clone(), unreadable_id, due, time)),
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
