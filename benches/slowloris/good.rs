//! Uploads one after the other on one connection, as `small` of `compare` does it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of one upload.
const SIZE: usize = 100 << 10;

/// How long each upload took.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, other: Latencies) {
        self.0.extend(other.0);
    }

    /// Milliseconds that half of the uploads stay below.
    pub(crate) fn p50(&self) -> f64 {
        self.quantile(0.50)
    }

    /// Milliseconds that 99 of 100 uploads stay below.
    pub(crate) fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() as f64 * part) as usize;
        sorted
            .get(at.min(sorted.len().saturating_sub(1)))
            .map_or(f64::NAN, |time| 1000.0 * time.as_secs_f64())
    }
}

/// Cells of a table: how many, the median, and the 99th percentile.
impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {:.3} | {:.3}", self.0.len(), self.p50(), self.p99())
    }
}

/// Uploads for that time.
pub(crate) async fn measure(addr: SocketAddr, time: Duration) -> io::Result<Latencies> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let head = format!("PUT /good HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {SIZE}\r\n\r\n");
    let request = [head.as_bytes(), &vec![0x5a; SIZE]].concat();
    let (end, mut all) = (Instant::now() + time, Latencies::default());
    while Instant::now() < end {
        let began = Instant::now();
        stream.write_all(&request).await?;
        let mut answer = Vec::new();
        // It has no body.
        while !answer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 201") {
            return Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
        }
        all.0.push(began.elapsed());
    }
    Ok(all)
}
