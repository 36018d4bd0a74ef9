//! Pipelined requests of many connections, with heads from everywhere, written and read in pieces of any size.

use super::super::Interim;
use super::support::{Answer, Client, answer, fields, narrow_tcp, start, tcp};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 48;
const REQUESTS: usize = 120;

/// What a request asks its service to do.
#[derive(Debug, Clone, Copy)]
struct Wish {
    number: usize,
    /// Bytes of the answer.
    size: usize,
    expect: bool,
    heads: Heads,
    /// Bytes of the body.
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heads {
    None,
    /// One, awaited, before the body.
    First,
    /// One with every piece of the body; some may be lost.
    Progress,
    /// From another task.
    Elsewhere,
    /// One before an answer that does not wait for the body.
    Early,
}

impl Wish {
    fn random(rng: &mut fastrand::Rng, number: usize) -> Wish {
        let kinds = [Heads::None, Heads::First, Heads::Progress, Heads::Elsewhere, Heads::Early];
        Wish {
            number,
            size: rng.usize(..6_000),
            expect: rng.bool(),
            heads: *rng.choice(&kinds).unwrap(),
            length: rng.usize(..6_000),
        }
    }

    fn request(&self) -> Vec<u8> {
        let expect = if self.expect { "Expect: 100-continue\r\n" } else { "" };
        let (number, length) = (self.number, self.length);
        let head = format!("PUT /{number} HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n{expect}\r\n");
        [head.into_bytes(), vec![b'y'; self.length]].concat()
    }

    /// One letter, different from that of the neighbours.
    fn body(&self) -> Vec<u8> {
        vec![b"abcdefg"[self.number % 7]; self.size]
    }

    async fn serve(self, request: Request<Incoming>, interim: Interim) -> Answer {
        let place = fields(&self.number.to_string());
        let mut body = request.into_body();
        match self.heads {
            Heads::None => {}
            Heads::First | Heads::Early => interim.send(&place).await.unwrap(),
            Heads::Progress => {
                while body.frame().await.is_some() {
                    let _ = interim.try_send(&place);
                }
            }
            Heads::Elsewhere => {
                tokio::spawn(async move { interim.send(&place).await.unwrap() }).await.unwrap();
            }
        }
        let rest = body.collect();
        if self.heads == Heads::Early {
            tokio::spawn(rest);
        } else {
            rest.await.unwrap();
        }
        Ok(answer(self.body().into()))
    }
}

/// The answers to all wishes, in order; gives the number of interim heads.
fn check(mut text: &[u8], wishes: &[Wish]) -> usize {
    let mut interims = 0;
    for wish in wishes {
        let (mut continues, mut places) = (0, 0);
        loop {
            let end = text.windows(4).position(|window| window == b"\r\n\r\n");
            let end = end.unwrap_or_else(|| panic!("no head for {wish:?}")) + 4;
            let head = std::str::from_utf8(&text[..end]).unwrap_or_else(|_| panic!("no head for {wish:?}"));
            text = &text[end..];
            if head == "HTTP/1.1 100 Continue\r\n\r\n" {
                continues += 1;
            } else if head.starts_with("HTTP/1.1 104 ") {
                let own = format!(
                    "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: {number}\r\n\r\n",
                    number = wish.number
                );
                assert_eq!(head, own, "{wish:?}");
                places += 1;
            } else {
                assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{wish:?}: {head}");
                assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", wish.size)), "{wish:?}: {head}");
                break;
            }
        }
        assert!(continues <= usize::from(wish.expect && wish.length > 0), "{wish:?}");
        match wish.heads {
            Heads::None => assert_eq!(places, 0, "{wish:?}"),
            Heads::Progress => {}
            Heads::First | Heads::Elsewhere | Heads::Early => assert_eq!(places, 1, "{wish:?}"),
        }
        assert!(text[..wish.size] == wish.body(), "{wish:?}: a byte of the body is wrong");
        text = &text[wish.size..];
        interims += continues + places;
    }
    assert!(text.is_empty(), "{}", String::from_utf8_lossy(text));
    interims
}

async fn converse(client: Client<TcpStream>, wishes: &[Wish], rng: &mut fastrand::Rng) -> usize {
    let (mut reader, mut writer) = client.stream.into_split();
    let mut unsent = Bytes::from(wishes.iter().flat_map(Wish::request).collect::<Vec<_>>());
    let mut pieces = rng.fork();
    let sending = tokio::spawn(async move {
        while !unsent.is_empty() {
            let most = if pieces.u8(..4) == 0 { 20 } else { 30_000 };
            let piece = unsent.split_to(pieces.usize(1..=most).min(unsent.len()));
            writer.write_all(&piece).await.unwrap();
            if pieces.bool() {
                tokio::task::yield_now().await;
            }
        }
        writer
    });
    let finals: usize = wishes.iter().map(|wish| wish.size).sum();
    let mut text = Vec::with_capacity(2 * finals);
    let mut buffer = [0; 3_000];
    // The last answer ends the connection.
    loop {
        let most = rng.usize(1..=buffer.len());
        match reader.read(&mut buffer[..most]).await.unwrap() {
            0 => break,
            read => text.extend_from_slice(&buffer[..read]),
        }
        for _ in 0..rng.usize(..4) {
            tokio::task::yield_now().await;
        }
    }
    drop(sending.await.unwrap());
    check(&text, wishes)
}

#[tokio::test]
async fn no_head_is_misplaced() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut clients = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut rng = rng.fork();
        let (io, client) = if connection % 2 == 0 { narrow_tcp().await } else { tcp().await };
        let wishes: Vec<_> = (0..REQUESTS).map(|number| Wish::random(&mut rng, number)).collect();
        let known = wishes.clone();
        start(io, move |request, interim| {
            let number: usize = request.uri().path()[1..].parse().unwrap();
            let (wish, last) = (known[number], number + 1 == REQUESTS);
            async move {
                let mut response = wish.serve(request, interim).await?;
                if last {
                    response
                        .headers_mut()
                        .insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
                }
                Ok(response)
            }
        });
        clients.spawn(async move { converse(client, &wishes, &mut rng).await });
    }
    let interims: usize = clients.join_all().await.into_iter().sum();
    println!("{interims} interim heads");
    assert!(interims > CONNECTIONS * REQUESTS / 2, "{interims}");
}
