//! What the peer does in place of a good answer.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much of the request it reads before it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    /// All of it.
    Whole,
    /// The head, and half of the body.
    Half,
    /// The head.
    Head,
}

/// What it does when everything is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Goes on with the connection as if nothing had happened.
    Keep,
    /// Closes it.
    Close,
    /// Ends its own side only, and reads on.
    HalfClose,
    /// Resets it.
    Reset,
    /// Neither reads nor writes any more.
    Stall,
    /// Writes this again and again, as fast as it is taken.
    Endless(&'static [u8]),
    /// Writes this a byte a second.
    Drip(&'static [u8]),
}

/// One wrong answer.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) listen: Listen,
    pub(crate) say: Vec<u8>,
    /// Each byte is a write of its own.
    pub(crate) in_bytes: bool,
    pub(crate) then: Then,
}

impl Act {
    /// Reads the request, says this, goes on.
    pub(crate) fn say(bytes: Vec<u8>) -> Act {
        Act { listen: Listen::Whole, say: bytes, in_bytes: false, then: Then::Keep }
    }

    pub(crate) fn then(self, then: Then) -> Act {
        Act { then, ..self }
    }

    /// Speaks, with these words in place of those in braces. Gives the connection back if it can go on.
    pub(crate) async fn perform(self, mut tcp: TcpStream, words: &Words) -> Option<TcpStream> {
        let bytes = words.fill(&self.say);
        for piece in bytes.chunks(if self.in_bytes { 1 } else { bytes.len().max(1) }) {
            tcp.write_all(piece).await.ok()?;
            // The next piece travels alone, and the other end has had its turn.
            tokio::task::yield_now().await;
        }
        match self.then {
            Then::Keep => return Some(tcp),
            Then::Close => {}
            Then::HalfClose => {
                tcp.shutdown().await.ok()?;
                let mut rest = vec![0; 64 * 1024];
                while let Ok(1..) = tcp.read(&mut rest).await {}
            }
            Then::Reset => tcp.set_zero_linger().unwrap(),
            Then::Stall => std::future::pending().await,
            Then::Endless(bytes) => {
                let many = bytes.repeat(1 + 16 * 1024 / bytes.len());
                // A little less than as fast as it can: the other cases want to get on, too.
                while tcp.write_all(&many).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            Then::Drip(bytes) => {
                let mut second = tokio::time::interval(Duration::from_secs(1));
                for byte in bytes.iter().cycle() {
                    second.tick().await;
                    tcp.write_all(&[*byte]).await.ok()?;
                }
            }
        }
        None
    }
}

/// What is known only when the request is there.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// `{start}`: where the fragment begins.
    pub(crate) start: u64,
    /// `{next}`: the right next offset after the fragment.
    pub(crate) next: u64,
    /// `{session}`: the id of the session.
    pub(crate) session: String,
    /// `{elsewhere}`: address of a server that nobody may contact.
    pub(crate) elsewhere: String,
}

impl Words {
    fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        if !bytes.contains(&b'{') {
            return bytes.to_owned();
        }
        let mut filled = bytes.to_owned();
        for (word, value) in [
            ("{start}", self.start.to_string()),
            ("{next}", self.next.to_string()),
            ("{session}", self.session.clone()),
            ("{elsewhere}", self.elsewhere.clone()),
        ] {
            while let Some(at) = filled.windows(word.len()).position(|window| window == word.as_bytes()) {
                filled.splice(at..at + word.len(), value.bytes());
            }
        }
        filled
    }
}
