//! put2bits

pub mod bits;
pub mod config;
pub mod error;
pub mod limits;
pub mod mock;
pub mod route;
pub mod transfer;
