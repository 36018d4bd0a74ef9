//! A client without resumption: one PUT or POST, paced, perhaps broken off.

use super::content::Content;
use super::upload::Watch;
use put2bits::phone::Drop;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Most bytes written at once by a client that is not fast.
const PIECE: usize = 16 * 1024;

/// Longest head of an answer.
const LONGEST_HEAD: usize = 16 * 1024;

/// How a request ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By an answer: its status, and the code that the proxy gave it.
    Answered(u16, Option<String>),
    /// As it was planned. What is left in silence is held.
    Dropped(Option<TcpStream>),
    Broken,
}

/// Sends the file once. `drop`: where the connection is dropped, and how.
pub(crate) async fn send(
    addr: SocketAddr,
    head: &str,
    content: &Content,
    drop: Option<(u64, Drop)>,
    watch: &Watch,
) -> io::Result<End> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (mut reading, mut writing) = stream.split();
    let end = drop.map_or(content.size, |(at, _)| at);
    let write = async {
        writing.write_all(head.as_bytes()).await?;
        let (mut at, begun) = (0, Instant::now());
        while at < end {
            let mut piece = content.piece(at);
            piece = &piece[..piece.len().min(usize::try_from(end - at).unwrap_or(usize::MAX))];
            if let Some(rate) = content.pace.rate {
                // Four times a second, however little that is.
                let most = usize::try_from(rate / 4).unwrap_or(PIECE).clamp(1, PIECE);
                piece = &piece[..piece.len().min(most)];
            }
            let count = writing.write(piece).await?;
            at += count as u64;
            watch.moved();
            sleep_until(begun + content.pace.due(0, at)).await;
        }
        io::Result::Ok(())
    };
    let written = async {
        // If the server takes no more, it may have said why.
        if write.await.is_err() || drop.is_none() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        answer = read_answer(&mut reading) => return Ok(answer),
        () = written => {}
    }
    match drop.map(|(_, how)| how) {
        Some(Drop::Silent) => return Ok(End::Dropped(Some(stream))),
        Some(Drop::Reset) => stream.set_zero_linger()?,
        // Dropped, it closes itself.
        Some(Drop::Close) | None => {}
    }
    Ok(End::Dropped(None))
}

/// The final answer, whatever is told before it.
async fn read_answer(stream: &mut (impl AsyncReadExt + Unpin)) -> End {
    let mut seen = Vec::new();
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(&seen) {
            Ok(httparse::Status::Complete(length)) => {
                let status = head.code.unwrap_or_default();
                if status >= 200 {
                    let code =
                        head.headers.iter().find(|field| field.name.eq_ignore_ascii_case("put2bits-error"));
                    let code = code.map(|field| String::from_utf8_lossy(field.value).into_owned());
                    return End::Answered(status, code);
                }
                seen.drain(..length);
                continue;
            }
            Ok(httparse::Status::Partial) if seen.len() < LONGEST_HEAD => {}
            Ok(httparse::Status::Partial) | Err(_) => return End::Broken,
        }
        if !matches!(stream.read_buf(&mut seen).await, Ok(1..)) {
            return End::Broken;
        }
    }
}
