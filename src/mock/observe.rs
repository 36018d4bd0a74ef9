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
            "{} connections, {} sessions ({} closed, {} cancelled, {} open), {} fragments of {} to {} bytes, \
             {} bytes, {} files, {} refusals, {} faults",
            self.connections,
            self.sessions_created,
            self.sessions_closed,
            self.sessions_cancelled,
            self.sessions_open,
            self.fragments,
            self.fragment_min.unwrap_or(0),
            self.fragment_max.unwrap_or(0),
            self.bytes,
            self.published,
            self.refusals,
            self.faults,
        )
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
