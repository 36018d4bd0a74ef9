//! Configuration from the outside: what wins, what is refused and in which words, what is printed.

#![allow(clippy::unwrap_used)]

mod admin;
mod backends;
mod case;
mod listeners;
mod refused;
mod resolved;
mod resumption;
