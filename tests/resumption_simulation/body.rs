//! The body of a request, as a phone sends it over a network that breaks.

use crate::world::World;
use bytes::Bytes;
use fastrand::Rng;
use http_body::{Body, Frame};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// In order.
    Whole,
    /// By an error after that many bytes.
    Broken(usize),
    /// Nothing comes after that many bytes, and nobody says so.
    Silence(usize),
}

/// A body.
pub(crate) struct Script {
    world: World,
    rng: Rng,
    data: Bytes,
    end: End,
    at: usize,
    /// Of the client: another one has come in its place, and this body breaks off.
    life: u64,
    /// Largest piece.
    piece: usize,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Script {
    pub(crate) fn new(world: &World, rng: Rng, data: Bytes, end: End, piece: usize, pace: Duration) -> Self {
        let life = world.lock().client_lives;
        Script { world: world.clone(), rng, data, end, at: 0, life, piece, pace, pause: None }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if let Some(pause) = &mut this.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            this.pause = None;
        }
        if this.world.lock().is_dead() {
            return Poll::Pending;
        }
        if this.world.lock().client_lives != this.life {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        let stop = match this.end {
            End::Whole => this.data.len(),
            End::Broken(at) | End::Silence(at) => at.min(this.data.len()),
        };
        if this.at >= stop {
            return match this.end {
                End::Whole => Poll::Ready(None),
                End::Broken(_) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
                End::Silence(_) => Poll::Pending,
            };
        }
        let size = this.rng.usize(1..=this.piece).min(stop - this.at);
        let piece = this.data.slice(this.at..this.at + size);
        this.at += size;
        if !this.pace.is_zero() && this.rng.u8(..) < 64 {
            this.pause = Some(Box::pin(sleep(this.pace.mul_f64(this.rng.f64()))));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
