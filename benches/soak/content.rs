//! Files that nobody has to store: their bytes follow from number and offset. Handed out as fast as a client is.

use put2bits::phone;
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Length of the pattern: prime, so that no fragment size is a multiple of it and every file is another.
const PATTERN: usize = 1_048_573;

/// How fast a client is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    /// Bytes a second; nothing: as fast as it goes.
    pub(crate) rate: Option<u64>,
    /// Before this byte, unless the client begins there, nothing comes for so long.
    pub(crate) pause: Option<(u64, Duration)>,
}

impl Pace {
    /// The same in less time.
    pub(crate) fn quicker(self, times: u32) -> Pace {
        Pace {
            rate: self.rate.map(|rate| rate.saturating_mul(u64::from(times))),
            pause: self.pause.map(|(at, pause)| (at, pause / times)),
        }
    }

    /// How long after the first byte, which is at `from` in the file, the one at `at` may go out.
    pub(crate) fn due(self, from: u64, at: u64) -> Duration {
        let sent = at - from;
        let rate = self.rate.map(|rate| Duration::from_secs_f64(sent as f64 / rate as f64));
        let pause = self.pause.filter(|(place, _)| from < *place && *place < at).map(|(_, pause)| pause);
        rate.unwrap_or_default() + pause.unwrap_or_default()
    }
}

/// A file of so many bytes, and how fast it comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content {
    /// Tells files of the same size apart.
    pub(crate) number: u64,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) pace: Pace,
}

fn pattern() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut bytes = vec![0; PATTERN];
        fastrand::Rng::with_seed(2).fill(&mut bytes);
        bytes
    })
}

impl Content {
    /// Some bytes from `offset` on; none at the end.
    pub(crate) fn piece(&self, offset: u64) -> &'static [u8] {
        let at = ((offset + 1_000 * self.number) % PATTERN as u64) as usize;
        let piece = &pattern()[at..];
        let left = usize::try_from(self.size - offset).unwrap_or(usize::MAX);
        &piece[..piece.len().min(left)]
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        let (mut hash, mut offset) = (Sha256::new(), 0);
        while offset < self.size {
            let piece = self.piece(offset);
            hash.update(piece);
            offset += piece.len() as u64;
        }
        hash.finalize().into()
    }
}

impl phone::Content for Content {
    fn length(&self) -> u64 {
        self.size
    }

    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Reader { content: *self, from: offset, at: offset, begun: Instant::now() }))
    }
}

/// Reads it, on a thread that may wait.
struct Reader {
    content: Content,
    from: u64,
    at: u64,
    begun: Instant,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.content.piece(self.at);
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        self.at += count as u64;
        let due = self.content.pace.due(self.from, self.at);
        thread::sleep(due.saturating_sub(self.begun.elapsed()));
        Ok(count)
    }
}
