//! One upload's life over several requests, and what may be told of it to its client. Pure.
//!
//! ```text
//!                 ┌────────── the part was taken, or its client broke off ─────────┐
//!                 ▼                                                                │
//!  created ───► Idle ──── part that begins at the offset ───► Receiving ───────────┤
//!                 │                                               │ the last byte is acknowledged
//!                 │                                               ▼
//!                 │                              ┌─────────── Finalizing ── trouble that may pass, for too long:
//!                 │                              │                │         the next request tries again
//!                 │                              │                ▼
//!                 │                              └───────────► Done(final answer), kept for who asks again
//!                 ▼
//!               Gone(why): cancelled, expired, replaced, refused, lost. From every state but Done
//! ```
//!
//! What it never does: tell an offset that the backend has not acknowledged, tell a smaller one than before, take a part that
//! begins elsewhere, end as anything but Done or Gone.
//!
//! [`Life`] is the state machine, [`Plan`] what is fixed at its beginning, [`Continuation`] what the next request needs
//! to go on, the record ([`Life::record`], [`Life::restore`]) all of that as the store keeps it.

mod answer;
mod life;
mod owner;
mod plan;
mod record;
#[cfg(test)]
mod tests;

pub use answer::{Final, Reply, Stored};
pub use life::{Beginning, Life, Next, Refusal, State, gone};
pub use owner::{Owner, Principal};
pub use plan::{Continuation, DigestPlan, Plan};
pub use record::BadRecord;
