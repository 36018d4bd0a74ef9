//! The listener for whoever watches the program: probes and metrics, on an address and a thread of their own, so that
//! they are answered when all workers are busy, and to the end of a shutdown.
//!
//! | path | answer |
//! | --- | --- |
//! | `/livez` | 200 while the workers do their work, else 503: restart it |
//! | `/readyz` | 200 if new uploads are welcome, else 503: send them elsewhere |
//! | `/metrics` | all figures, as OpenMetrics text |
//!
//! Each answer of a probe has one line a check. There is nothing to be changed here, and nothing secret to be seen. A
//! [`Subject`] knows the answers; this module opens no connections and knows no other part of the program.
//!
//! Who can connect must not be able to do harm: heads are small, bodies are not read, each connection has one request
//! and a few seconds, there are only so many, and a new one takes the place of the oldest.

mod check;
mod server;

pub use check::Check;
pub use server::serve;

/// What the listener tells about.
pub trait Subject: Send + Sync + 'static {
    /// Whether the program does its work.
    fn live(&self) -> Vec<Check>;

    /// Whether new uploads are welcome. Must be ready within a few seconds: then the connection ends.
    fn ready(&self) -> impl Future<Output = Vec<Check>> + Send;

    /// All figures, and their media type.
    fn metrics(&self) -> (String, &'static str);
}
