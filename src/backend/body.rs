//! The body of a packet, as hyper wants it. The pieces are those that the transfer gathered: shared, never copied.
//!
//! hyper queues the pieces and writes them vectored, because the socket says that it can. The body cannot end early:
//! its length is that of its pieces, and `connection` refuses pieces that do not match the `Content-Length`.

use super::wire::Wire;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Pieces on their way to hyper.
pub(super) struct Body {
    pieces: Arc<[Bytes]>,
    next: usize,
    left: u64,
    /// More bytes are announced than there are: it never ends.
    unfinished: bool,
    wire: Arc<Wire>,
}

/// Bytes in all pieces.
pub(super) fn length(pieces: &[Bytes]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

impl Body {
    /// The pieces, reported to `wire` as hyper fetches them.
    pub(super) fn new(pieces: Arc<[Bytes]>, wire: Arc<Wire>) -> Self {
        Body { left: length(&pieces), pieces, next: 0, unfinished: false, wire }
    }

    /// The first bytes of a body; the rest never comes.
    pub(super) fn unfinished(bytes: Bytes, wire: Arc<Wire>) -> Self {
        Body { unfinished: true, ..Body::new([bytes].into(), wire) }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = self.pieces.get(self.next).cloned() else {
            return if self.unfinished { Poll::Pending } else { Poll::Ready(None) };
        };
        let bytes = piece.len() as u64;
        self.next += 1;
        self.left -= bytes;
        self.wire.handed(bytes);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && !self.unfinished
    }

    fn size_hint(&self) -> SizeHint {
        if self.unfinished { SizeHint::new() } else { SizeHint::with_exact(self.left) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn pieces_come_as_they_are_and_the_hint_counts_down() {
        let pieces: Vec<Bytes> = ["abc", "", "d", "efghi"].map(|text| Bytes::from(text.to_owned())).into();
        let places: Vec<*const u8> = pieces.iter().map(|piece| piece.as_ptr()).collect();
        let mut body = Body::new(pieces.into(), Arc::new(Wire::new()));
        let mut left = 9;
        for place in places {
            assert_eq!(body.size_hint().exact(), Some(left));
            assert_eq!(body.is_end_stream(), left == 0);
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(data.as_ptr(), place, "copied");
            left -= data.len() as u64;
        }
        assert!(body.is_end_stream() && body.frame().await.is_none());
    }
}
