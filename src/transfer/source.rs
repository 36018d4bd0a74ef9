//! The client's body: read in pieces as they come, gathered into fragments, kept until acknowledged. Bytes are not copied,
//! but for small pieces: each would keep a whole read buffer alive, and memory would be more than what is counted.

use super::budget::{Account, Budget};
use crate::bits::ContentRange;
use crate::error::{Failure, Problem};
use crate::limits::{FragmentLimits, Limits};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Room that is reserved for the first piece. Later the largest piece so far is the measure.
const FIRST_PIECE: u64 = 16 * 1024;

/// Pieces of the body from [`Source::start`] on, and how far they are gathered into fragments.
#[derive(Debug)]
pub(super) struct Source<B> {
    body: B,
    total: u64,
    idle: Duration,
    sizes: FragmentLimits,
    account: Account,
    /// Bytes held beyond which nothing is read ahead of a fragment that is on its way.
    enough: u64,
    /// Bytes `start..end` of the file.
    pieces: VecDeque<Bytes>,
    /// The end of it, if that came in small pieces.
    small: BytesMut,
    start: u64,
    end: u64,
    /// Ends of the fragments that are gathered whole and not wholly acknowledged.
    fragments: VecDeque<u64>,
    /// End of the fragment that is being gathered.
    goal: Option<u64>,
    /// Largest piece so far, in bytes.
    piece: u64,
    /// Since when the client has been waited for.
    waiting: Option<Instant>,
    /// How long the client has been waited for, for the fragment being gathered.
    waited: Duration,
    finished_at: Option<Instant>,
}

/// Pieces below this size are copied together. hyper reads into buffers of 8 KiB and more, and sizes them by what
/// came last. Bytes.
const SMALL: usize = 16 * 1024;

/// Room for small pieces that is made at once. Bytes.
const ROOM: usize = 64 * 1024;

/// What the client did for a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) bytes: u64,
    pub(super) took: Duration,
}

impl<B> Source<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error,
{
    pub(super) fn new(body: B, total: u64, limits: &Limits, budget: &Budget) -> Self {
        Source {
            body,
            total,
            idle: limits.time.idle,
            sizes: limits.fragment.clone(),
            account: budget.open(),
            enough: limits.fragment.max + limits.fragment.max / 8,
            pieces: VecDeque::new(),
            small: BytesMut::new(),
            start: 0,
            end: 0,
            fragments: VecDeque::new(),
            goal: None,
            piece: FIRST_PIECE,
            waiting: None,
            waited: Duration::ZERO,
            finished_at: None,
        }
    }

    /// The offset up to which fragments are gathered whole.
    pub(super) fn ready(&self) -> u64 {
        self.fragments.back().copied().unwrap_or(self.start)
    }

    /// Bytes read from the client so far.
    pub(super) fn received(&self) -> u64 {
        self.end
    }

    /// When the last byte came.
    pub(super) fn finished_at(&self) -> Option<Instant> {
        self.finished_at
    }

    /// Whether another fragment may be gathered: one on its way to the backend and one more is all that is held.
    pub(super) fn has_room(&self) -> bool {
        self.fragments.len() < 2 && self.ready() < self.total
    }

    /// Sets the size of the fragment to gather, unless one is being gathered. `size`: from its first offset.
    pub(super) fn aim(&mut self, size: impl FnOnce(u64) -> u64) {
        if self.goal.is_none() {
            let from = self.ready();
            self.goal = Some(from.saturating_add(size(from).max(1)).min(self.total));
        }
    }

    /// The pieces of a range that is held.
    pub(super) fn slice(&self, range: ContentRange) -> Vec<Bytes> {
        let mut slices = Vec::with_capacity(self.pieces.len());
        let mut at = self.start;
        for piece in &self.pieces {
            let next = at + piece.len() as u64;
            let (first, last) = (range.start().max(at), range.end().min(next));
            if first < last {
                // Both are offsets within a piece in memory: they fit.
                slices.push(piece.slice((first - at) as usize..(last - at) as usize));
            }
            at = next;
        }
        slices
    }

    /// Forgets the bytes before `offset`.
    pub(super) fn release(&mut self, offset: u64) {
        while self.fragments.front().is_some_and(|&end| end <= offset) {
            self.fragments.pop_front();
        }
        while let Some(piece) = self.pieces.front_mut() {
            let unneeded = offset.saturating_sub(self.start).min(piece.len() as u64);
            if unneeded == 0 {
                break;
            }
            self.start += unneeded;
            if unneeded == piece.len() as u64 {
                self.pieces.pop_front();
            } else {
                let _ = piece.split_to(unneeded as usize);
            }
        }
        self.account.lower(self.end - self.start);
    }

    /// Reads until the fragment aimed at is whole, or as large as memory allows or the client's pace makes sensible.
    ///
    /// Dropping the future loses nothing. `in_flight`: whether a fragment is on its way to the backend, whose
    /// acknowledgement will bring memory back.
    pub(super) async fn fill(&mut self, in_flight: bool) -> Result<Delivery, Failure> {
        let goal = self.goal.unwrap_or(self.total);
        let from = self.ready();
        while self.end < goal {
            let held = self.end - self.start;
            if held >= self.enough && !self.fragments.is_empty() {
                // The socket's buffer goes on taking what comes. The acknowledgement that is due ends the wait.
                self.rest();
                return pending().await;
            }
            if !self.account.try_extend(held, self.piece) {
                if self.end > from && !in_flight {
                    // Nobody else's memory is waited for with bytes in hand: see `budget`.
                    return Ok(self.complete(from, self.end));
                }
                // The client is not to blame for this time.
                self.rest();
                self.account.extend(held, self.piece).await;
            }
            self.read_piece().await?;
            // The size aimed at was a guess: for the first fragment, or before the client slowed down.
            if self.waited >= self.sizes.time && self.end - from >= self.sizes.min {
                break;
            }
        }
        Ok(self.complete(from, goal.min(self.end)))
    }

    /// The client is not waited for at the moment.
    pub(super) fn rest(&mut self) {
        self.waiting = None;
    }

    fn complete(&mut self, from: u64, end: u64) -> Delivery {
        self.seal();
        self.fragments.push_back(end);
        self.goal = None;
        self.rest();
        Delivery { bytes: end - from, took: std::mem::take(&mut self.waited) }
    }

    /// Makes a piece of what was copied together.
    fn seal(&mut self) {
        if !self.small.is_empty() {
            // What room is left behind it serves the next.
            self.pieces.push_back(self.small.split().freeze());
        }
    }

    async fn read_piece(&mut self) -> Result<(), Failure> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let frame = match timeout_at(since + self.idle, self.body.frame()).await {
            Ok(frame) => frame,
            Err(_) => {
                let detail = format!(
                    "no byte came for {} s; {} of {} bytes were read",
                    self.idle.as_secs(),
                    self.end,
                    self.total
                );
                return Err(Failure::new(Problem::ClientStalled, detail));
            }
        };
        let now = Instant::now();
        self.waited += now - since;
        self.waiting = Some(now);
        let gone = |cause: Option<String>| {
            let detail = format!("the body ended after {} of {} bytes", self.end, self.total);
            Failure { cause, ..Failure::new(Problem::ClientGone, detail) }
        };
        match frame {
            Some(Ok(frame)) => {
                // Anything but data (trailers) says nothing about the file.
                if let Ok(data) = frame.into_data() {
                    self.take(data, now);
                }
                Ok(())
            }
            Some(Err(error)) => Err(gone(Some(error.to_string()))),
            None => Err(gone(None)),
        }
    }

    fn take(&mut self, mut data: Bytes, now: Instant) {
        // More than the length in the head can't come from an HTTP body; whoever makes one does not get it stored.
        data.truncate(usize::try_from(self.total - self.end).unwrap_or(usize::MAX));
        if data.is_empty() {
            return;
        }
        self.end += data.len() as u64;
        self.piece = self.piece.max(data.len() as u64);
        if data.len() < SMALL {
            if self.small.capacity() - self.small.len() < data.len() {
                self.seal();
                self.small.reserve(ROOM);
            }
            self.small.extend_from_slice(&data);
        } else {
            self.seal();
            self.pieces.push_back(data);
        }
        if self.end == self.total {
            self.finished_at = Some(now);
        }
    }
}
