//! One request over HTTP/2: its answer, the heads before it, and what is left of its body behind it.
//!
//! ```text
//!   HEADERS ──▶ service ──┬── 104, 100 … ──┬──▶ answer ──▶ END_STREAM ──▶ rest of the body ──▶ RST_STREAM(NO_ERROR)
//!                         │                │                                    └── came to its end: nothing more
//!                         │                └──▶ cut off: RST_STREAM(INTERNAL_ERROR)
//!                         └── reset by the client, or the connection is gone: the service is dropped
//! ```

use super::body::Hearing;
use crate::front::asked::CutOff;
use crate::front::interim::{Head, Heads};
use crate::front::reply::OURS;
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Most of a body that is thrown away after an answer, in bytes, before the client is told to stop.
const REST: usize = 1 << 20;

/// One request.
pub(super) struct Exchange {
    /// The way to its client.
    pub(super) respond: SendResponse<Bytes>,
    /// Of its body.
    pub(super) hearing: Hearing,
    /// Heads that go before its answer.
    pub(super) heads: Option<Heads>,
    /// Its method is HEAD: the answer has no body.
    pub(super) head_only: bool,
    /// It waits for 100 before it sends its body.
    pub(super) expects: bool,
    /// How long the client may take no byte of the answer.
    pub(super) idle: Duration,
    /// How long what is left of the body is thrown away.
    pub(super) linger: Duration,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With what the client wanted.
    Served,
    /// With a refusal, or by our own reset.
    Refused,
    /// The client went away first.
    Left,
}

impl Exchange {
    /// Serves it with what the service answers. The service is dropped when the client is gone.
    pub(super) async fn serve<F>(mut self, answer: F) -> Ended
    where
        F: Future<Output = Result<Response<Full<Bytes>>, CutOff>>,
    {
        match self.wait(answer).await {
            None => Ended::Left,
            Some(Err(CutOff)) => {
                // Not CANCEL, which some take for their own doing, nor REFUSED_STREAM, on which some begin anew by themselves.
                self.respond.send_reset(Reason::INTERNAL_ERROR);
                Ended::Refused
            }
            Some(Ok(response)) => self.finish(response).await,
        }
    }

    /// The answer, or nothing if the client went away.
    async fn wait<F: Future>(&mut self, answer: F) -> Option<F::Output> {
        let mut answer = pin!(answer);
        loop {
            tokio::select! {
                biased;
                _ = poll_fn(|cx| self.respond.poll_reset(cx)) => return None,
                answer = &mut answer => return Some(answer),
                Some(head) = next(&mut self.heads) => {
                    let (fields, flushed) = head.into_fields();
                    if let Ok(status) = StatusCode::from_u16(104)
                        && inform(&mut self.respond, status, fields)
                        && let Some(flushed) = flushed
                    {
                        // Whoever waited may have gone.
                        let _ = flushed.send(());
                    }
                }
                wanted = &mut self.hearing.wanted, if self.expects => {
                    self.expects = false;
                    if wanted.is_ok() {
                        inform(&mut self.respond, StatusCode::CONTINUE, HeaderMap::new());
                    }
                }
            }
        }
    }

    async fn finish(mut self, response: Response<Full<Bytes>>) -> Ended {
        let (mut head, body) = response.into_parts();
        let length = body.size_hint().exact().unwrap_or_default();
        head.headers = fields(head.headers, head.status, length);
        let bare = self.head_only || length == 0;
        let ended = if head.status.is_success() { Ended::Served } else { Ended::Refused };
        let Ok(stream) = self.respond.send_response(Response::from_parts(head, ()), bare) else {
            return Ended::Left;
        };
        if !bare && !send(stream, body, self.idle).await {
            return Ended::Left;
        }
        // The stream is reset when its last handle is dropped, with NO_ERROR (RFC 9113 §8.1), unless its body has ended.
        let _ = timeout(self.linger, throw_away(self.hearing.rest)).await;
        ended
    }
}

/// The next head, if there can be one.
async fn next(heads: &mut Option<Heads>) -> Option<Head> {
    heads.as_mut()?.recv().await
}

/// Sends a head before the answer, and says whether it could be sent.
fn inform(respond: &mut SendResponse<Bytes>, status: StatusCode, fields: HeaderMap) -> bool {
    let mut response = Response::new(());
    (*response.status_mut(), *response.headers_mut()) = (status, fields);
    respond.send_informational(response).is_ok()
}

/// The fields of an answer: those of a connection mean nothing here (RFC 9113 §8.2.2), and a date has to be there.
fn fields(mut headers: HeaderMap, status: StatusCode, length: u64) -> HeaderMap {
    for name in OURS {
        headers.remove(name);
    }
    // A date has a form that always fits.
    if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())) {
        headers.insert(DATE, date);
    }
    if status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    headers
}

/// Sends a body as fast as the client's windows allow. Whether it took all of it; if not, the stream is reset.
async fn send(mut stream: SendStream<Bytes>, mut body: Full<Bytes>, idle: Duration) -> bool {
    // It has all its bytes in one piece.
    let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    let mut left = frame.and_then(|Ok(frame)| frame.into_data().ok()).unwrap_or_default();
    while !left.is_empty() {
        stream.reserve_capacity(left.len());
        let Ok(Some(Ok(room))) = timeout(idle, poll_fn(|cx| stream.poll_capacity(cx))).await else {
            stream.send_reset(Reason::CANCEL);
            return false;
        };
        let piece = left.split_to(room.min(left.len()));
        if !piece.is_empty() && stream.send_data(piece, left.is_empty()).is_err() {
            return false;
        }
    }
    true
}

/// Reads the rest of a body away until it ends, or is too much.
async fn throw_away(rest: oneshot::Receiver<RecvStream>) {
    let Ok(mut rest) = rest.await else { return };
    let mut thrown_away = 0;
    while thrown_away < REST
        && let Some(Ok(data)) = poll_fn(|cx| rest.poll_data(cx)).await
    {
        thrown_away += data.len();
        let _ = rest.flow_control().release_capacity(data.len());
    }
}
