//! Whose fault a problem is.

use std::fmt;

/// Who has to act so that the failure goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client sent something that cannot be carried out, or went away.
    Client,
    /// The BITS server, what stands in front of it, or the way to it.
    Backend,
    /// This proxy: its limits, its configuration, its shutdown.
    Proxy,
}

impl Fault {
    /// The word used in logs and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Client => "client",
            Fault::Backend => "backend",
            Fault::Proxy => "proxy",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
