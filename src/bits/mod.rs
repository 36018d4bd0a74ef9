//! MC-BUP, the BITS upload protocol, without any I/O: both ends of it.
//!
//! Pure: no socket, clock, randomness, runtime or logging. Time is a [`std::time::Duration`] since a moment
//! that the caller chose; seeds are arguments.

mod ack;
mod dialect;
pub mod header;
mod host_id;
mod hresult;
mod packet;
mod profile;
mod range;
pub mod server;
mod session;
mod sizing;

pub use ack::{Ack, TooLarge, Verdict};
pub use dialect::{Dialect, GuidCase, Verb};
pub use host_id::{HostIdPolicy, Node};
pub use hresult::HResult;
pub use packet::{Destination, Packet, PacketKind, SessionId};
pub use profile::{Overlap, Profile, SMALLEST_FRAGMENT};
pub use range::ContentRange;
pub use session::{
    Checkpoint, Event, Followed, Login, Session, SessionSettings, SessionStats, Silence, Step,
};
pub use sizing::Sizer;

/// What to make of a Close-Session whose answer was lost, when the server then does not know the session any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AmbiguousClose {
    /// Look at the target: success if a file of the right size is there that was written since the session began, else failure.
    #[default]
    Verify,
    /// Failure: the client sends the file again.
    Fail,
    /// Success. Only for backends that keep their sessions on disk.
    Accept,
}
