//! The budget holds whatever clients and backends do, and nobody waits for ever. What is counted is what is really alive.

use super::*;
use http_body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::Semaphore;

/// Bytes of all pieces that are alive, and the most that there were.
#[derive(Default)]
struct Alive {
    now: AtomicU64,
    most: AtomicU64,
}

/// The memory of one piece.
struct Piece {
    bytes: Vec<u8>,
    alive: Arc<Alive>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.alive.now.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

/// A client that always has the next piece ready.
struct Eager {
    at: u64,
    total: u64,
    piece: u64,
    alive: Arc<Alive>,
}

impl Body for Eager {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let end = (this.at + this.piece).min(this.total);
        if this.at == end {
            return Poll::Ready(None);
        }
        let bytes = bytes(this.at..end).to_vec();
        this.at = end;
        let now = this.alive.now.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        this.alive.most.fetch_max(now, Ordering::Relaxed);
        let piece = Piece { bytes, alive: Arc::clone(&this.alive) };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }
}

const KIB: u64 = 1024;

/// Runs that many uploads at once; the backend stalls at every fragment until all of them wait. Gives the most that was alive.
async fn stalled(uploads: usize, total: u64, piece: u64, budget: u64) -> u64 {
    stalled_with(uploads, total, piece, budget, |alive| assert!(alive > 0)).await
}

/// The same; `look` is given what is alive when all of them wait.
async fn stalled_with(uploads: usize, total: u64, piece: u64, budget: u64, look: impl FnOnce(u64)) -> u64 {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let mut setup = Setup::new(total).fragments(FragmentLimits::default()).plan(move |name| match name {
        name if name.starts_with("bytes") => Fate::When(Arc::clone(&held)),
        _ => Fate::Serve,
    });
    setup.shared.budget = Budget::new(budget);
    let alive = Arc::new(Alive::default());
    let running: Vec<_> =
        (0..uploads).map(|_| setup.start(Eager { at: 0, total, piece, alive: Arc::clone(&alive) })).collect();
    // Longer than a client may stall: whoever waits for memory is not the client.
    sleep(Duration::from_secs(200)).await;
    look(alive.now.load(Ordering::Relaxed));
    gate.add_permits(Semaphore::MAX_PERMITS / 2);
    for upload in running {
        upload.stored().await;
    }
    assert_eq!((setup.shared.budget.used(), alive.now.load(Ordering::Relaxed)), (0, 0));
    let state = setup.host.lock().unwrap();
    assert!(state.published.len() == uploads && state.published.iter().all(|file| *file == bytes(0..total)));
    alive.most.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn fifty_uploads_keep_within_the_budget() {
    let (budget, piece) = (1024 * KIB, 16 * KIB);
    let most = stalled(50, 300 * KIB, piece, budget).await;
    assert!(most <= budget + 50 * piece, "{most}");
    assert!(most >= budget / 2, "{most}: the test does not fill the budget");
}

/// A small piece may be a few bytes of a large read buffer. While the backend stalls none of them is alive.
#[tokio::test(start_paused = true)]
async fn small_pieces_keep_no_buffers_alive() {
    let most = stalled_with(10, 100 * KIB, 100, 1024 * KIB, |alive| assert_eq!(alive, 0)).await;
    assert!(most <= 10 * 100, "{most}");
}

#[tokio::test(start_paused = true)]
async fn pieces_that_grow_beyond_the_first_guess() {
    let (budget, piece) = (1024 * KIB, 100 * KIB);
    let most = stalled(50, 300 * KIB, piece, budget).await;
    assert!(most <= budget + 50 * piece, "{most}");
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_one_piece_is_enough_for_all() {
    let piece = 16 * KIB;
    assert_eq!(stalled(1, 200 * KIB, piece, piece).await, piece);
    let most = stalled(20, 50 * KIB, piece, piece).await;
    assert!(most <= 2 * piece, "{most}");
    // Even one that is less than a piece.
    let most = stalled(5, 50 * KIB, piece, 1000).await;
    assert!(most <= 2 * piece, "{most}");
}

/// A client that waits in line for memory for longer than clients may stall is not given up.
#[tokio::test(start_paused = true)]
async fn waiting_for_memory_is_not_stalling() {
    let piece = 16 * KIB;
    let mut setup = Setup::new(4 * piece).fragments(fixed(4 * piece)).plan(|name| match name {
        name if name.starts_with("bytes 0-") => Fate::ServedAfter(Duration::from_secs(500)),
        _ => Fate::Serve,
    });
    setup.shared.budget = Budget::new(piece);
    // Takes all there is, and keeps it for long.
    let first = setup.start(Feed::of((0..4).map(|i| bytes(i * piece..(i + 1) * piece))).1);
    settle().await;
    // Its pieces come a while after they are asked for.
    let (feeder, _, body) = Feed::new();
    let second = setup.start(body);
    sleep(Duration::from_secs(400)).await;
    for i in 0..4 {
        sleep(Duration::from_secs(50)).await;
        feeder.send(Ok(Frame::data(bytes(i * piece..(i + 1) * piece)))).unwrap();
    }
    first.stored().await;
    second.stored().await;
}

/// Nor is one that is read from again after its upload had no room for long.
#[tokio::test(start_paused = true)]
async fn having_no_room_is_not_stalling() {
    let piece = 16 * KIB;
    let piece_of = |i| bytes(i * piece..(i + 1) * piece);
    let mut setup = Setup::new(4 * piece).fragments(fixed(2 * piece)).plan(|name| match name {
        name if name.starts_with("bytes 0-") => Fate::ServedAfter(Duration::from_secs(100)),
        _ => Fate::Serve,
    });
    setup.shared.budget = Budget::new(3 * piece);
    let (feeder, seen, body) = Feed::new();
    for i in 0..3 {
        feeder.send(Ok(Frame::data(piece_of(i)))).unwrap();
    }
    let running = setup.start(body);
    sleep(Duration::from_secs(110)).await;
    assert_eq!(seen.bytes.load(Ordering::Relaxed), 3 * piece);
    feeder.send(Ok(Frame::data(piece_of(3)))).unwrap();
    running.stored().await;
}
