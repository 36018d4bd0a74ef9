//! The store that outlives its process: over restarts, kills, damage, and disks that take nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod child;
mod damage;
mod degraded;
mod kill;
mod reopen;
mod support;
