//! The client's body: read in pieces as they come (`pieces`), at the client's pace (`pace`), gathered into fragments, kept
//! until acknowledged, and hashed then (`hashes`).

mod hashes;
mod pace;
mod pieces;

use super::budget::{Account, Budget};
use crate::bits::ContentRange;
use crate::digest::{Digests, Hasher};
use crate::error::{Failure, Problem};
use crate::limits::{FragmentLimits, Limits};
use crate::upload::Beginning;
use bytes::Bytes;
use hashes::Hashes;
use http_body::Body;
use http_body_util::BodyExt;
use pace::Pace;
use pieces::Pieces;
use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Room that is reserved for the first piece. Later the largest piece so far is the measure.
const FIRST_PIECE: u64 = 8 * 1024;

/// Pieces of the body from [`Source::start`] on, and how far they are gathered into fragments.
///
/// All offsets are those of the file. The body may be only a part of it, and may begin before what the backend already
/// has: those bytes are read and dropped.
#[derive(Debug)]
pub(super) struct Source<B> {
    body: B,
    /// Where the body ends, or has to end at the latest.
    limit: u64,
    /// Its length was not told (chunked): its end shows when it comes.
    open_ended: bool,
    /// Nothing may be missing at its end.
    last: bool,
    /// The body has ended.
    exhausted: bool,
    /// It went on where it had to end.
    too_long: bool,
    /// Nothing more is read: what is held is all that there will be.
    stopped: bool,
    /// Bytes before this offset are not needed.
    floor: u64,
    hashes: Hashes,
    /// What lets a body be read that is to be checked first: see [`Account::enter`].
    entered: Option<OwnedSemaphorePermit>,
    pace: Pace,
    sizes: FragmentLimits,
    account: Account,
    /// Bytes held beyond which nothing is read ahead of a fragment that is on its way.
    enough: u64,
    /// Bytes `start..end` of the file.
    pieces: Pieces,
    start: u64,
    end: u64,
    /// Ends of the fragments that are gathered whole and not wholly acknowledged.
    fragments: VecDeque<u64>,
    /// End of the fragment that is being gathered.
    goal: Option<u64>,
    /// Largest piece so far, in bytes.
    piece: u64,
    finished_at: Option<Instant>,
}

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
    /// `hasher`: of the bytes that the backend has. `digests`: what the body has to come to.
    pub(super) fn new(
        body: B,
        part: &Beginning,
        hasher: Hasher,
        digests: Digests,
        limits: &Limits,
        budget: &Budget,
    ) -> Self {
        let limit = part.end.unwrap_or(part.total);
        Source {
            body,
            limit,
            open_ended: part.end.is_none(),
            last: part.last,
            exhausted: part.end == Some(part.from),
            too_long: false,
            stopped: false,
            floor: part.continuation.acknowledged(),
            hashes: Hashes::new(hasher, digests),
            entered: None,
            pace: Pace::new(&limits.time),
            sizes: limits.fragment.clone(),
            account: budget.open(),
            enough: limits.fragment.max + limits.fragment.max / 8,
            pieces: Pieces::default(),
            start: part.from,
            end: part.from,
            fragments: VecDeque::new(),
            goal: None,
            piece: FIRST_PIECE,
            finished_at: None,
        }
    }

    /// The offset up to which fragments are gathered whole.
    pub(super) fn ready(&self) -> u64 {
        self.fragments.back().copied().unwrap_or(self.start)
    }

    /// The offset up to which the client was read.
    pub(super) fn received(&self) -> u64 {
        self.end
    }

    /// Whether the body was read to its end, and is what it has to be.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted && !self.hashes.is_unchecked()
    }

    /// Whether the body brought more than the file has.
    pub(super) fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// When the last byte came.
    pub(super) fn finished_at(&self) -> Option<Instant> {
        self.finished_at
    }

    /// Digests of the bytes that the backend has.
    pub(super) fn hasher(&self) -> &Hasher {
        self.hashes.known()
    }

    /// Whether another fragment may be gathered: one on its way to the backend and one more is all that is held.
    pub(super) fn has_room(&self) -> bool {
        self.fragments.len() < 2 && !self.stopped && !(self.is_exhausted() && self.ready() == self.end)
    }

    /// Sets the size of the fragment to gather, unless one is being gathered. `size`: from its first offset.
    pub(super) fn aim(&mut self, size: impl FnOnce(u64) -> u64) {
        if self.goal.is_none() {
            let from = self.ready().max(self.floor);
            // What is to be checked first is gathered whole; whoever lets such a body in sees to it that it is small.
            let size = if self.hashes.is_unchecked() { u64::MAX } else { size(from).max(1) };
            self.goal = Some(from.saturating_add(size).min(self.limit));
        }
    }

    /// Reads no more: there is nothing more to come.
    pub(super) fn close(&mut self) {
        self.stopped = true;
    }

    /// Reads no more: what is held becomes the last fragment. A body that was to be checked first, and cannot be any more, is
    /// dropped.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        if self.hashes.is_unchecked() {
            self.end = self.ready();
            self.pieces.clear();
        } else if self.end > self.ready() && self.end > self.floor {
            self.complete(self.end);
        }
    }

    /// The pieces of a range that is held.
    pub(super) fn slice(&self, range: ContentRange) -> Vec<Bytes> {
        self.pieces.slice(range.start().saturating_sub(self.start), range.end().saturating_sub(self.start))
    }

    /// Forgets the bytes before `offset`: the backend has them.
    pub(super) fn release(&mut self, offset: u64) {
        if offset > self.ready() {
            // It has more than was sent to it now: the same bytes, from an earlier request.
            self.pieces.seal();
            self.goal = None;
        }
        while self.fragments.front().is_some_and(|&end| end <= offset) {
            self.fragments.pop_front();
        }
        while let Some(dropped) = self.pieces.take(offset.saturating_sub(self.start)) {
            self.hashes.acknowledged(self.start, &dropped);
            self.start += dropped.len() as u64;
        }
        self.floor = self.floor.max(offset);
        self.account.lower(self.end - self.start + self.ahead());
    }

    /// Reads until the fragment aimed at is whole, or as large as memory allows or the client's pace makes sensible.
    ///
    /// Dropping the future loses nothing. `in_flight`: whether a fragment is on its way to the backend, whose
    /// acknowledgement will bring memory back.
    pub(super) async fn fill(&mut self, in_flight: bool) -> Result<Delivery, Failure> {
        let goal = self.goal.unwrap_or(self.limit);
        let from = self.ready().max(self.floor);
        self.enter().await;
        while !self.exhausted && (self.end < goal || goal == self.limit) {
            let held = self.end - self.start;
            if held >= self.enough && !self.fragments.is_empty() {
                // The socket's buffer goes on taking what comes. The acknowledgement that is due ends the wait.
                self.rest();
                return pending().await;
            }
            if !self.account.try_extend(held, self.ahead()) {
                if self.end > from && !in_flight && !self.hashes.is_unchecked() {
                    // Nobody else's memory is waited for with bytes in hand: see `budget`.
                    return Ok(self.complete(self.end));
                }
                if held == 0 {
                    // Two that keep a part of what they need would wait for each other.
                    self.account.lower(0);
                }
                // The client is not to blame for this time.
                self.rest();
                self.account.extend(held, self.ahead()).await;
            }
            self.read_piece().await?;
            // The size aimed at was a guess: for the first fragment, or before the client slowed down.
            let slow =
                self.pace.waited() >= self.sizes.time && self.end.saturating_sub(from) >= self.sizes.min;
            if slow && !self.hashes.is_unchecked() && self.end < self.limit {
                break;
            }
        }
        self.hashes.check()?;
        // From now on it is read like any other.
        self.entered = None;
        Ok(self.complete(goal.min(self.end)))
    }

    /// What is held until it is whole waits for its turn before its first byte is read: see `budget`.
    async fn enter(&mut self) {
        if self.hashes.is_unchecked() && self.entered.is_none() {
            self.pace.rest();
            self.entered = self.account.enter(self.limit - self.end).await;
        }
    }

    /// The client is not waited for at the moment.
    pub(super) fn rest(&mut self) {
        self.pace.rest();
    }

    fn complete(&mut self, end: u64) -> Delivery {
        let from = self.ready().max(self.floor);
        self.pieces.seal();
        if end > from {
            self.fragments.push_back(end);
        }
        self.goal = None;
        self.rest();
        Delivery { bytes: end.saturating_sub(from), took: self.pace.take_waited() }
    }

    /// Bytes to reserve beyond those that are held. While a body is read its connection holds one piece that is ready before
    /// it is asked for, and a buffer for the next.
    fn ahead(&self) -> u64 {
        match (self.exhausted || self.stopped, self.hashes.is_unchecked()) {
            (true, _) => 0,
            (false, false) => 2 * self.piece,
            // Never more than it was let in with: those that are in would wait for each other.
            (false, true) => (2 * self.piece).min(self.limit - self.end),
        }
    }

    async fn read_piece(&mut self) -> Result<(), Failure> {
        let waited = self.pace.wait(self.body.frame()).await;
        let (frame, now) = waited.map_err(|failure| {
            let detail = format!("{}; {} of {} bytes were read", failure.detail, self.end, self.limit);
            Failure { detail, ..failure }
        })?;
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.pace.came(data.len());
                    self.take(data, now)
                }
                // Anything but data (trailers) says nothing about the file.
                Err(_) => Ok(()),
            },
            Some(Err(error)) => Err(Failure { cause: Some(error.to_string()), ..self.gone() }),
            None => self.ended(now),
        }
    }

    fn gone(&self) -> Failure {
        let detail = format!("the body ended after {} of {} bytes", self.end, self.limit);
        Failure::new(Problem::ClientGone, detail)
    }

    /// The body ended in order.
    fn ended(&mut self, now: Instant) -> Result<(), Failure> {
        if self.end < self.limit && !self.open_ended {
            return Err(self.gone());
        }
        if self.end < self.limit && self.last {
            let detail = format!("the body ended at byte {}, the file has {}", self.end, self.limit);
            return Err(Failure::new(Problem::LengthMismatch, detail));
        }
        self.exhaust(now);
        Ok(())
    }

    fn exhaust(&mut self, now: Instant) {
        self.exhausted = true;
        self.limit = self.end;
        self.finished_at = Some(now);
    }

    fn take(&mut self, mut data: Bytes, now: Instant) -> Result<(), Failure> {
        let room = self.limit - self.end;
        if data.len() as u64 > room {
            // With a length in the head this can't come from an HTTP body; whoever makes one does not get it stored.
            if self.open_ended {
                self.too_long = true;
                let detail = format!("the body goes on after byte {}, where the file ends", self.limit);
                return Err(Failure::new(Problem::LengthMismatch, detail));
            }
            data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        self.hashes.came(&data);
        let unneeded = self.floor.saturating_sub(self.end).min(data.len() as u64);
        if unneeded > 0 {
            // Nothing is held before these: they go as they come.
            let dropped = data.split_to(unneeded as usize);
            self.hashes.acknowledged(self.end, &dropped);
            self.end += unneeded;
            self.start = self.end;
        }
        self.hold(data);
        if self.end == self.limit && !self.open_ended {
            self.exhaust(now);
        }
        Ok(())
    }

    fn hold(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        self.end += data.len() as u64;
        self.piece = self.piece.max(data.len() as u64);
        self.pieces.hold(data);
    }
}
