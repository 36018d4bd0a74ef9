//! put2bits

pub mod backend;
pub mod bits;
pub mod config;
pub mod error;
pub mod front;
pub mod limits;
pub mod route;
pub mod transfer;
