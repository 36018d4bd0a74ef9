//! The mock backend over real sockets, asked byte by byte: what it answers is what other tests rely on.

mod client;
mod example;
mod faults;
mod storage;
mod transcripts;
