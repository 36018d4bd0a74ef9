//! HTTP/2.

// Its user comes with the server.
#[allow(dead_code)]
mod windows;

pub use windows::Windows;
