//! A client on the crate h2: many requests on one connection, each with all that it gets.

use crate::support::{File, within};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{HeaderMap, Request, StatusCode};
use std::future::poll_fn;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The version of resumable uploads that is spoken here.
const VERSION: (&str, &str) = ("upload-draft-interop-version", "6");

/// What makes an upload one that can be resumed.
pub(crate) const CREATE: [(&str, &str); 2] = [VERSION, ("upload-complete", "?1")];

/// A connection.
pub(crate) struct Client {
    addr: SocketAddr,
    requests: SendRequest<Bytes>,
}

/// A request that was begun.
pub(crate) struct Exchange {
    response: ResponseFuture,
    pub(crate) body: SendStream<Bytes>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that the proxy refused with this code.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.header("put2bits-error")), (status, Some(code)), "{self:?}");
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["code"], code);
    }
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (requests, connection) =
            h2::client::Builder::new().initial_window_size(1 << 20).handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Client { addr, requests }
    }

    /// Begins a request. `last`: it has no body.
    pub(crate) async fn begin(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        last: bool,
    ) -> Exchange {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.addr));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        within("a place for a stream", poll_fn(|cx| self.requests.poll_ready(cx))).await.unwrap();
        let (response, body) = self.requests.send_request(request.body(()).unwrap(), last).unwrap();
        Exchange { response, body }
    }

    /// The answer to a request without a body.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.begin(method, path, fields, true).await.answer().await.unwrap()
    }

    /// Begins to upload a file: sends the head.
    pub(crate) async fn put(&mut self, path: &str, file: File, fields: &[(&str, &str)]) -> Exchange {
        let length = file.size.to_string();
        let fields = [&[("content-length", length.as_str())], fields].concat();
        self.begin("PUT", path, &fields, false).await
    }

    /// Asks how much of the file is there, and sends the rest. Gives the offset from which.
    pub(crate) async fn resume(&mut self, url: &str, file: File) -> u64 {
        let status = self.ask("HEAD", url, &[VERSION]).await;
        assert_eq!((status.status, status.body.len()), (204, 0), "{status:?}");
        let offset = status.header("upload-offset").unwrap();
        let from: u64 = offset.parse().unwrap();
        let fields = [
            VERSION,
            ("upload-complete", "?1"),
            ("upload-offset", offset),
            ("content-type", "application/partial-upload"),
            ("content-length", &(file.size - from).to_string()),
        ];
        let mut rest = self.begin("PATCH", url, &fields, false).await;
        rest.send(file, from, file.size).await.unwrap();
        assert_eq!(rest.answer().await.unwrap().status, 201);
        from
    }
}

impl Exchange {
    /// The next head before the answer.
    pub(crate) async fn informed(&mut self) -> (StatusCode, HeaderMap) {
        let next = poll_fn(|cx| self.response.poll_informational(cx));
        let head = within("a head before the answer", next).await.expect("there is one").unwrap();
        let (head, ()) = head.into_parts();
        (head.status, head.headers)
    }

    /// Sends these bytes of the file, at the pace of the other side.
    ///
    /// Fails if the stream was reset.
    pub(crate) async fn send(&mut self, file: File, from: u64, to: u64) -> Result<(), h2::Error> {
        let mut at = from;
        if from == to && to == file.size {
            return self.body.send_data(Bytes::new(), true);
        }
        while at < to {
            let mut piece = Bytes::from_static(file.piece(at));
            piece.truncate(usize::try_from(to - at).unwrap());
            while !piece.is_empty() {
                self.body.reserve_capacity(piece.len());
                let room = poll_fn(|cx| self.body.poll_capacity(cx));
                let Some(room) = within("room in the window", room).await else {
                    return Err(poll_fn(|cx| self.body.poll_reset(cx)).await?.into());
                };
                let room = room?;
                let now = piece.split_to(room.min(piece.len()));
                at += now.len() as u64;
                self.body.send_data(now, at == file.size)?;
            }
        }
        Ok(())
    }

    /// Goes away.
    pub(crate) fn reset(mut self) {
        self.body.send_reset(Reason::CANCEL);
    }

    /// The answer. Fails if the stream was reset, or the connection broke.
    pub(crate) async fn answer(self) -> Result<Answer, h2::Error> {
        let (head, mut body) = within("the answer", self.response).await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(data) = within("the body of the answer", body.data()).await {
            let data = data?;
            let _ = body.flow_control().release_capacity(data.len());
            bytes.extend_from_slice(&data);
        }
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes })
    }
}
