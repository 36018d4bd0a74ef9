//! put2bits

pub mod app;
pub mod backend;
pub mod bits;
pub mod cli;
pub mod config;
pub mod error;
pub mod front;
pub mod limits;
pub mod mock;
pub mod route;
pub mod telemetry;
pub mod transfer;
