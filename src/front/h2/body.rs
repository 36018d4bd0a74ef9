//! The body of a request over HTTP/2, as the transfer reads it.

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// Frames of the client, each taken out of its windows only when it is asked for. It ends in order only with END_STREAM
/// behind as many bytes as Content-Length told: h2 resets a stream that brings more or less.
#[derive(Debug)]
pub(in crate::front) struct Incoming {
    /// Nothing: it is with who reads the rest away.
    stream: Option<RecvStream>,
    /// Told when the body is asked for first.
    wanted: Option<oneshot::Sender<()>>,
    /// Gets what is left.
    rest: Option<oneshot::Sender<RecvStream>>,
    /// Bodies of the connection that are being read.
    reading: Arc<AtomicUsize>,
    counted: bool,
}

/// What the task of the stream hears of its body.
#[derive(Debug)]
pub(super) struct Hearing {
    /// Ready when the body is asked for first.
    pub(super) wanted: oneshot::Receiver<()>,
    /// Ready when nobody reads it any more: what is left of it.
    pub(super) rest: oneshot::Receiver<RecvStream>,
}

/// Both ends. `reading` counts the bodies of the connection that are being read.
pub(super) fn new(stream: RecvStream, reading: Arc<AtomicUsize>) -> (Incoming, Hearing) {
    let ((want, wanted), (leave, rest)) = (oneshot::channel(), oneshot::channel());
    let body =
        Incoming { stream: Some(stream), wanted: Some(want), rest: Some(leave), reading, counted: false };
    (body, Hearing { wanted, rest })
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let Incoming { stream: Some(stream), wanted, reading, counted, .. } = &mut *self else {
            return Poll::Ready(None);
        };
        if let Some(wanted) = wanted.take() {
            *counted = true;
            reading.fetch_add(1, Ordering::Relaxed);
            // Who answers may be done already.
            let _ = wanted.send(());
        }
        Poll::Ready(match ready!(stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // Who polls has room for it. Fails only on a stream that was reset meanwhile, as the next poll tells.
                let _ = stream.flow_control().release_capacity(data.len());
                Some(Ok(Frame::data(data)))
            }
            Some(Err(error)) => Some(Err(error)),
            // Trailers are for nobody.
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.counted {
            self.reading.fetch_sub(1, Ordering::Relaxed);
        }
        if let (Some(stream), Some(rest)) = (self.stream.take(), self.rest.take()) {
            // If nobody wants it, h2 resets the stream when the last of its handles is gone.
            let _ = rest.send(stream);
        }
    }
}
