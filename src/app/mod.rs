//! Puts the parts together: the only place that names concrete ones.
//!
//! ```text
//!  acceptor thread ── socket to the worker with the fewest connections ──► worker threads, one runtime each
//!                                                                          front → uploads → transfer → backend
//! ```
//!
//! An upload lives on one worker from its first byte to its last: its client's connection, its transfer and its backend's
//! connection share one single-threaded runtime, and nothing on its way is handed between threads. What workers share is
//! the memory budget and what was learned about each backend.
//!
//! Probes and metrics are answered by one more thread, from before the first upload to the end of the process.
//!
//! | file, in the order to read | what it does |
//! | --- | --- |
//! | `serve` | the program until it is told to stop: `signals`, and `supervisor` (systemd) |
//! | `proxy` | starts all threads (`thread`) and brings them to an end in the time of `grace`; `error` says why not |
//! | `listening`, `acceptor`, `door` | sockets; who takes connections from them; how many may be open |
//! | `worker`, `uploads` | one thread's connections; what an upload needs of the other modules |
//! | `backends`, `state` | the ways to all backends; where uploads are remembered |
//! | `probes`, `health`, `figures` | the listener of the operator, and what it tells |
//! | `check` | what of a configuration lies in files of its own |
//! | `survey` | the examination of a backend |
//! | `descriptors`, `dumps` | limits of the process; no core dumps |

mod acceptor;
mod backends;
mod check;
mod descriptors;
mod door;
mod dumps;
mod error;
mod figures;
mod grace;
mod health;
mod listening;
mod probes;
mod proxy;
mod serve;
mod signals;
mod state;
mod supervisor;
mod survey;
mod thread;
mod uploads;
mod worker;

pub use crate::front::{Preview, preview};
pub use check::check;
pub use dumps::forbid_core_dumps;
pub use error::ServeError;
pub use proxy::Proxy;
pub use serve::serve;
pub use survey::survey;
