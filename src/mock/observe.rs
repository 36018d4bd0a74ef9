//! What can be seen of a running mock: figures, published files, events.

use crate::bits::{ContentRange, PacketKind};
use std::fmt;
use std::time::SystemTime;

/// Figures since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Connections taken.
    pub connections: u64,
    /// Connections open now.
    pub connections_open: u64,
    /// Sessions made.
    pub sessions_created: u64,
    /// Sessions open now.
    pub sessions_open: u64,
    /// Sessions closed with success.
    pub sessions_closed: u64,
    /// Sessions cancelled.
    pub sessions_cancelled: u64,
    /// Fragments whose body came whole and was acknowledged with success.
    pub fragments: u64,
    /// Body bytes of those fragments.
    pub bytes: u64,
    /// Body bytes received of anything, also of what was refused or broke off.
    pub bytes_received: u64,
    /// Smallest of those fragments, in bytes.
    pub fragment_min: Option<u64>,
    /// Largest of them.
    pub fragment_max: Option<u64>,
    /// Answers of 400 and more.
    pub refusals: u64,
    /// Files published.
    pub published: u64,
    /// Faults that struck.
    pub faults: u64,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} ({} closed, {} cancelled, {} open), {}",
            Count(self.connections, "connection"),
            Count(self.sessions_created, "session"),
            self.sessions_closed,
            self.sessions_cancelled,
            self.sessions_open,
            Count(self.fragments, "fragment"),
        )?;
        if let (Some(min), Some(max)) = (self.fragment_min, self.fragment_max) {
            write!(f, " of {min} to {}", Count(max, "byte"))?;
        }
        write!(
            f,
            ", {}, {}, {}, {}",
            Count(self.bytes, "byte"),
            Count(self.published, "file"),
            Count(self.refusals, "refusal"),
            Count(self.faults, "fault"),
        )
    }
}

/// So many of something: `1 session`, `2 sessions`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count(number, noun) = self;
        write!(f, "{number} {noun}{}", if *number == 1 { "" } else { "s" })
    }
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Size in bytes.
    pub length: u64,
    /// SHA-256, when the storage hashes and the bytes came in order.
    pub sha256: Option<[u8; 32]>,
    /// When.
    pub at: SystemTime,
}

impl Published {
    /// The hash in hexadecimal digits, or nothing.
    pub fn sha256_hex(&self) -> Option<String> {
        self.sha256.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Something happened. `Display` makes one line of it, without session ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request was dealt with.
    Packet {
        /// Number of the connection, from 1.
        connection: u64,
        /// Which packet, if it was one.
        kind: Option<PacketKind>,
        /// Path and query.
        target: String,
        /// The range of a fragment.
        range: Option<ContentRange>,
        /// Status of the answer, or nothing if none was sent.
        status: Option<u16>,
    },
    /// A file was published.
    Published {
        /// Its path.
        target: String,
        /// What it is.
        file: Published,
    },
    /// A fault struck.
    Fault {
        /// Number of the connection, from 1.
        connection: u64,
        /// The fault as it was written.
        fault: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Packet { connection, kind, target, range, status } => {
                let kind = kind.map_or("(no packet)", PacketKind::as_str);
                write!(f, "#{connection} {kind} {target}")?;
                if let Some(range) = range {
                    write!(f, " {range}")?;
                }
                match status {
                    Some(status) => write!(f, " -> {status}"),
                    None => f.write_str(" -> no answer"),
                }
            }
            Event::Published { target, file } => {
                write!(f, "published {target} {} bytes", file.length)?;
                match file.sha256_hex() {
                    Some(hash) => write!(f, " sha256 {hash}"),
                    None => Ok(()),
                }
            }
            Event::Fault { connection, fault } => write!(f, "#{connection} fault {fault}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_agree_with_their_nouns() {
        assert_eq!(
            Stats::default().to_string(),
            "0 connections, 0 sessions (0 closed, 0 cancelled, 0 open), 0 fragments, 0 bytes, 0 files, 0 refusals, 0 faults"
        );
        let one = Stats {
            connections: 1,
            sessions_created: 1,
            sessions_closed: 1,
            fragments: 1,
            bytes: 1,
            fragment_min: Some(1),
            fragment_max: Some(1),
            published: 1,
            refusals: 1,
            faults: 1,
            ..Stats::default()
        };
        assert_eq!(
            one.to_string(),
            "1 connection, 1 session (1 closed, 0 cancelled, 0 open), 1 fragment of 1 to 1 byte, 1 byte, 1 file, 1 refusal, 1 fault"
        );
    }
}
