//! put2bits

pub mod app;
pub mod bits;
pub mod cli;
pub mod config;
pub mod error;
pub mod limits;
pub mod route;
pub mod telemetry;
pub mod transfer;
