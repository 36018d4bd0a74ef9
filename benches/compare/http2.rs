//! The same uploads over HTTP/2: DATA frames of 16 KiB, as curl and the systems of phones send them, whatever larger ones the
//! server would take.

use crate::door::Stream;
use crate::sending::{BYTES, Pace, Took};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request};
use std::future::poll_fn;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Bytes of a DATA frame.
const FRAME: u64 = 16 * 1024;

/// A connection that uploads files one after the other.
#[derive(Debug)]
pub(crate) struct Http2(SendRequest<Bytes>);

impl Http2 {
    pub(crate) async fn over(stream: Stream) -> io::Result<Self> {
        let (client, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
        // It ends with its last request.
        tokio::spawn(connection);
        Ok(Http2(client))
    }

    pub(crate) async fn put(&mut self, path: &str, size: u64, pace: Option<Pace>) -> io::Result<Took> {
        let began = Instant::now();
        self.send(path, size, pace, began).await.map_err(io::Error::other)?
    }

    async fn send(
        &mut self,
        path: &str,
        size: u64,
        pace: Option<Pace>,
        began: Instant,
    ) -> Result<io::Result<Took>, h2::Error> {
        let mut request = Request::new(());
        *request.method_mut() = Method::PUT;
        request.headers_mut().insert("content-length", size.into());
        match format!("http://localhost{path}").parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => return Ok(Err(io::Error::other(error))),
        }
        poll_fn(|cx| self.0.poll_ready(cx)).await?;
        let (answer, mut body) = self.0.send_request(request, size == 0)?;
        let mut sent = 0;
        while sent < size {
            let mut piece = FRAME.min(size - sent);
            if let Some(pace) = pace {
                piece = piece.min(pace.piece);
                sleep_until(began + Duration::from_secs_f64((sent + piece) as f64 / pace.rate as f64)).await;
            }
            body.reserve_capacity(piece as usize);
            while body.capacity() < piece as usize {
                if poll_fn(|cx| body.poll_capacity(cx)).await.transpose()?.is_none() {
                    break;
                }
            }
            sent += piece;
            body.send_data(Bytes::from_static(&BYTES[..piece as usize]), sent == size)?;
        }
        let last = Instant::now();
        let answer = answer.await?;
        if !answer.status().is_success() {
            return Ok(Err(io::Error::other(format!("answered {}", answer.status()))));
        }
        Ok(Ok(Took { whole: began.elapsed(), tail: last.elapsed() }))
    }
}
