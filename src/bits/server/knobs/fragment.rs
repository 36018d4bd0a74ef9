//! Which fragments are taken, and what of them.

use http::StatusCode;

/// Which fragments are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FragmentKnobs {
    /// A fragment that begins before the next wanted offset.
    pub overlap: OverlapRule,
    /// A fragment that begins behind the next wanted offset.
    pub gap: GapRule,
    /// What became of a fragment whose connection broke.
    pub broken: Broken,
    /// Takes no more than this many bytes of each fragment, and says so.
    pub short_take: Option<u64>,
    /// Smallest fragment but for the last, in bytes; below it 400 with E_INVALIDARG.
    pub min: u64,
    /// Largest file.
    pub max_total: Option<TotalLimit>,
    /// Whether the total may change from one fragment to the next. If not: 400 with E_INVALIDARG.
    pub total_may_change: bool,
    /// A fragment after the last one.
    pub last_repeat: LastRepeat,
    /// How much fits on the disk.
    pub disk: Option<Disk>,
}

/// A fragment that begins before the next wanted offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverlapRule {
    /// 416 with the offset (MC-BUP §3.2.5.2.6).
    #[default]
    Refuse,
    /// Drops what it has and takes the rest (Win32).
    Trim,
    /// Trims, but 416 when it has the whole range (gobits).
    TrimOrRefuse,
    /// Appends the whole body to what is stored and acknowledges the end of the range.
    Append,
    /// Writes at the offset told and acknowledges the end of the range, whatever it is.
    Overwrite,
}

/// A fragment that begins behind the next wanted offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GapRule {
    /// 416 with the offset.
    #[default]
    Refuse,
    /// 500 with code 0x1.
    Generic500,
    /// No answer: the connection is dropped.
    HangUp,
    /// Taken: the end of the range is acknowledged whatever is missing before it.
    Take,
}

/// What became of a fragment whose connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broken {
    /// Nothing of it counts.
    #[default]
    Discard,
    /// The bytes that came count.
    Keep,
}

/// Largest file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalLimit {
    /// In bytes.
    pub bytes: u64,
    /// Status above it, with BG_E_TOO_LARGE: 500, or 200 on one family of servers.
    pub status: StatusCode,
}

/// A fragment after the last one was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastRepeat {
    /// Acknowledged again (MC-BUP §3.2.5.1.2).
    #[default]
    Acknowledge,
    /// Treated like any other overlap.
    ByOverlap,
    /// 416 with offset 0: the file has been moved already (gobits).
    OffsetZero,
}

/// How much fits on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of all sessions and published files together.
    pub capacity: u64,
    /// Code of the 500 above it: 0x80070070, or 0x80070112 as MC-BUP writes it.
    pub code: u32,
}
