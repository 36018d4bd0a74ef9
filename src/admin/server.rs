//! Takes connections and answers one request on each.

use super::{Check, Subject};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Connections at once, at most.
const MOST_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a connection may take in all.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// Largest head of a request in bytes, and most fields in it.
const MAX_HEAD: usize = 8 << 10;
const MAX_HEADERS: usize = 64;

/// Pause after the system refused a connection: mostly there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers until it is stopped. Needs a runtime with sockets and time.
pub async fn serve<S: Subject>(listener: TcpListener, subject: Arc<S>, stop: CancellationToken) {
    let served = stop.run_until_cancelled(accept(listener, subject)).await;
    if let Some(Err(error)) = served {
        tracing::error!(%error, "probes and metrics are not answered any more");
    }
}

async fn accept<S: Subject>(listener: TcpListener, subject: Arc<S>) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::debug!(%error, "a connection for probes and metrics could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => {
                oldest_first.retain(|connection| !connection.is_finished());
                continue;
            }
        };
        // Whoever keeps connections open does not keep others out.
        while oldest_first.len() >= MOST_CONNECTIONS
            && let Some(oldest) = oldest_first.pop_front()
        {
            oldest.abort();
        }
        let connection = connection(socket, Arc::clone(&subject));
        oldest_first.push_back(connections.spawn(connection));
    }
}

async fn connection<S: Subject>(socket: TcpStream, subject: Arc<S>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .keep_alive(false);
    let service = service_fn(|request: Request<Incoming>| {
        let subject = Arc::clone(&subject);
        async move { Ok::<_, Infallible>(answer(&request, &*subject).await) }
    });
    let connection = http.serve_connection(TokioIo::new(socket), service);
    // However it ends, there is nobody to be told.
    let _ = tokio::time::timeout(CONNECTION_TIME, connection).await;
}

async fn answer<B>(request: &Request<B>, subject: &impl Subject) -> Response<Full<Bytes>> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    let path = request.uri().path();
    if !["/livez", "/readyz", "/metrics"].contains(&path) {
        let text = "Here are /livez, /readyz and /metrics.\n".to_owned();
        return response(StatusCode::NOT_FOUND, PLAIN, text);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let text = "Only GET and HEAD.\n".to_owned();
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, text);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let checks = match path {
        "/livez" => subject.live(),
        "/readyz" => subject.ready().await,
        _ => {
            let (text, media_type) = subject.metrics();
            return response(StatusCode::OK, media_type, text);
        }
    };
    let status = match checks.iter().all(Check::is_good) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = checks.iter().fold(String::new(), |mut text, check| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{check}");
        text
    });
    response(status, PLAIN, text)
}

fn response(status: StatusCode, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
