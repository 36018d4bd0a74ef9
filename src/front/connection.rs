//! One client connection from its first byte to its last: what is spoken on it, and who serves that.

use super::asked::new_id;
use super::due::Due;
use super::preface::{self, Rewound};
use super::service::Service;
use super::transport::{Protocol, Transport};
use super::{h1, h2};
use crate::access::{Guard, Peer};
use crate::error::{Failure, Problem};
use crate::transfer::{Refusal, Uploads};
use std::error::Error;
use std::io;
use tokio_util::sync::CancellationToken;

/// Serves the requests of one connection of `peer` until it ends: HTTP/1 or HTTP/2, as was agreed, or as its first bytes
/// tell. The caller has set the options of its socket.
///
/// When `shutdown` is cancelled an idle connection ends at once, a busy one after the answers to its requests.
/// `limits.time.header` bounds the time that the first request head takes (over HTTP/1 every head),
/// `limits.time.keep_alive` that between an answer and the next request. A client that takes no byte of an answer for
/// `limits.time.idle` is cut off.
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
    let peer = peer.into();
    let client = peer.address;
    let mut due = Due::new(&service.limits().time);
    let told = match io.protocol() {
        Protocol::Unknown => preface::read(io, &mut due, &shutdown).await,
        agreed => Ok((agreed, Rewound::fresh(io))),
    };
    let ended: Result<(), Box<dyn Error + Send + Sync>> = match told {
        Ok((Protocol::Http2, io)) => {
            let limits = h2::Limits::of(service.limits());
            let windows = service.windows().clone();
            let answer = move |request, interim| service.clone().answer(peer.clone(), request, interim);
            // Each in a box of its own size.
            Box::pin(h2::run(io, limits, windows, due, shutdown, answer)).await.map_err(Into::into)
        }
        Ok((Protocol::Http1 | Protocol::Unknown, io)) => {
            Box::pin(serve_http1(io, peer, service, due, shutdown)).await.map_err(Into::into)
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = ended {
        tracing::debug!(%client, error = &*error as &dyn Error, "client connection ended");
    }
}

/// HTTP/1. Of a head that could not be read the service is told.
async fn serve_http1<I, U, G>(
    io: I,
    peer: Peer,
    service: Service<U, G>,
    due: Due,
    shutdown: CancellationToken,
) -> hyper::Result<()>
where
    I: Transport,
    U: Uploads,
    G: Guard,
{
    let (client, unreadable_id) = (peer.address, new_id());
    let answer = |request, interim| service.clone().answer(peer.clone(), request, interim);
    let ended = h1::run(io, &service.limits().time, due, unreadable_id.clone(), shutdown, answer).await;
    match ended {
        Err(error) if error.is_parse() => {
            let too_large = error.is_parse_too_large();
            let problem = if too_large { Problem::HeadTooLarge } else { Problem::BadRequest };
            let failure = Failure::new(problem, error.to_string());
            let id = unreadable_id.as_str();
            service.uploads().refused(Refusal { id, client, failure: &failure, method: None, path: None });
            Ok(())
        }
        ended => ended,
    }
}
