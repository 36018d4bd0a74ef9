//! What stands behind the front within the process, and the connection to it.

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use put2bits::error::{Failure, Problem};
use put2bits::front::Transport;
use put2bits::resumable::reply::Told;
use put2bits::transfer::{
    Begun, Created, Fed, Feeding, Found, NewPart, NewUpload, Outcome, Place, Report, Upload, Uploads,
};
use put2bits::upload::{Principal, Stored};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{oneshot, watch};

/// Uploads that take every byte and store nothing.
#[derive(Clone)]
pub(crate) struct Sink;

impl Sink {
    async fn read<B>(mut body: B) -> Option<u64>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            read += frame.ok()?.data_ref().map_or(0, |data| data.len() as u64);
        }
        Some(read)
    }
}

impl Uploads for Sink {
    fn start<B>(
        &self,
        upload: Upload,
        _: Option<&Principal>,
        body: B,
    ) -> Result<oneshot::Receiver<Outcome>, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        harmless(upload.destination.target.as_str());
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let result = match Sink::read(body).await {
                Some(read) => {
                    assert_eq!(Some(read), Some(upload.total()));
                    Ok(Stored::default())
                }
                None => Err(Failure::new(Problem::ClientGone, "gone")),
            };
            let _ = sender.send(Outcome { result, report: Report::default() });
        });
        Ok(receiver)
    }

    async fn create(&self, new: NewUpload) -> Result<Created, Failure> {
        harmless(new.destination.target.as_str());
        Ok(Created { id: "0123456789abcdef".to_owned(), place: Place::free() })
    }

    fn begun(&self, _: &str) -> Option<Begun> {
        None
    }

    fn find(&self, _: &str, _: Option<&Principal>) -> Option<Found> {
        None
    }

    fn feed<B>(&self, _: &str, part: NewPart, body: B) -> Feeding
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let ((sender, outcome), (_, recorded)) = (oneshot::channel(), watch::channel(0));
        tokio::spawn(async move {
            let _ = sender.send(match Sink::read(body).await {
                Some(read) if part.append.complete => {
                    Fed::Finished { answer: Ok(Stored::default()), offset: read, replayed: false }
                }
                Some(read) => Fed::Taken { offset: read },
                None => Fed::CutOff,
            });
        });
        Feeding { outcome, recorded }
    }

    async fn status(&self, _: &str) -> Result<Told, Problem> {
        Err(Problem::UploadUnknown)
    }

    async fn cancel(&self, _: &str) -> Result<(), Problem> {
        Err(Problem::UploadUnknown)
    }
}

#[track_caller]
fn harmless(target: &str) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    let dots = target.split('/').any(|name| name == "." || name == "..");
    assert!(
        target.starts_with("/up/") && target.bytes().all(allowed) && !target.contains("//") && !dots,
        "{target}"
    );
}

/// A connection within the process.
pub(crate) struct Pipe(pub(crate) DuplexStream);

impl Transport for Pipe {
    fn close_abruptly(&self) {}
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
