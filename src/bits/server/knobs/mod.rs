//! What differs between BITS servers, as plain data. [`Knobs::default`] is a server that follows MC-BUP to the
//! letter; presets and quirks start from there.

mod fragment;
mod http;
mod publish;
mod session;
mod wire;

pub use fragment::*;
pub use http::*;
pub use publish::*;
pub use session::*;
pub use wire::*;

/// All differences together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Knobs {
    /// What the HTTP layer does before BITS is asked.
    pub http: HttpKnobs,
    /// How answers look.
    pub wire: WireKnobs,
    /// How sessions begin, are found again and end.
    pub session: SessionKnobs,
    /// Which fragments are taken.
    pub fragment: FragmentKnobs,
    /// How a complete file gets to its target.
    pub publish: PublishKnobs,
}
