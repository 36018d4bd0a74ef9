//! Every number that bounds what the proxy does, as plain data with its default. Read by the core and the shells,
//! filled in by `config`.

use std::time::Duration;

/// One kibibyte.
pub const KIB: u64 = 1024;
/// One mebibyte.
pub const MIB: u64 = 1024 * KIB;
/// One gibibyte.
pub const GIB: u64 = 1024 * MIB;

/// All limits together.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest file taken from a client, in bytes. Larger ones get 413 before their body is read.
    pub max_upload: u64,
    /// Body bytes that all uploads together may hold in memory. When it is used up, reading from clients stops. (Beside it,
    /// what clients of HTTP/2 may send ahead of that: a quarter of it at most, and 256 KiB a connection.)
    pub memory: u64,
    /// Sizes of the fragments.
    pub fragment: FragmentLimits,
    /// What is tried again, and for how long.
    pub retry: RetryLimits,
    /// Time limits.
    pub time: TimeLimits,
    /// Connections of clients.
    pub connections: ConnectionLimits,
    /// Uploads: how many, and how long they are kept.
    pub uploads: UploadLimits,
    /// Memory that the kernel holds for connections.
    pub sockets: SocketLimits,
    /// How the program ends.
    pub shutdown: ShutdownLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_upload: 1024 * GIB,
            memory: 256 * MIB,
            fragment: FragmentLimits::default(),
            retry: RetryLimits::default(),
            time: TimeLimits::default(),
            connections: ConnectionLimits::default(),
            uploads: UploadLimits::default(),
            sockets: SocketLimits::default(),
            shutdown: ShutdownLimits::default(),
        }
    }
}

/// Connections of clients: how many.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionLimits {
    /// All together. One more gets 503 before a byte of it is read. Each may need two file descriptors: its own, and that
    /// of the way to the backend. Where the system does not give so many, fewer are taken.
    pub max: u32,
    /// Of one address (of IPv6: one /64). 0: as many as there may be.
    pub max_per_client: u32,
    /// Requests at once on one connection of HTTP/2. A client that begins more is told to try those again.
    pub max_streams: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits { max: 4096, max_per_client: 0, max_streams: 100 }
    }
}

/// Uploads: how many may run, and of those that can be resumed, how many may be open and how long they are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadLimits {
    /// Requests that bring bytes at the moment: plain uploads, and parts of those that can be resumed. A new upload beyond
    /// it gets 503 before its body is read; one that is gone on with waits for a while, and is then broken off.
    pub max_running: u32,
    /// The same of one client, as far as its credentials tell who that is; without credentials: of one address (of
    /// IPv6: one /64). 0: as many as there may be.
    pub max_running_per_client: u32,
    /// Open ones that can be resumed, in all. Beyond it a new one gets 503 before its body is read.
    pub max_open: u32,
    /// Open ones of one client, as far as its credentials tell which those are. (IIS sweeps sessions above 50 of one
    /// account, and to IIS all clients are this proxy.)
    pub max_open_per_client: u32,
    /// An open one that nothing is heard of for so long is given up, and its session cancelled. Below the 14 days after
    /// which BITS servers do so themselves.
    pub expire: Duration,
    /// How long the answer of one that ended waits to be asked for again.
    pub keep: Duration,
    /// When a client breaks off: how long the backend has to acknowledge what was received.
    pub settle: Duration,
}

impl Default for UploadLimits {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        UploadLimits {
            max_running: 1000,
            max_running_per_client: 0,
            max_open: 1000,
            max_open_per_client: 100,
            expire: Duration::from_secs(7 * DAY),
            keep: Duration::from_secs(DAY),
            settle: Duration::from_secs(5),
        }
    }
}

/// Between which bounds the size of a fragment adapts. Bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct FragmentLimits {
    /// Smallest size aimed at while bytes are left. The last fragment, one cut short, and one made
    /// smaller because the backend said "too large" may be smaller.
    pub min: u64,
    /// Largest size. Bounds what one upload holds: two fragments.
    pub max: u64,
    /// The first fragment of an upload: small, so that a backend that refuses the file by its size
    /// (it learns it with the first fragment) does so early.
    pub first: u64,
    /// A fragment is no larger than what the client delivers in about this time.
    pub time: Duration,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        FragmentLimits { min: 64 * KIB, max: 8 * MIB, first: 256 * KIB, time: Duration::from_secs(1) }
    }
}

/// What is tried again, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryLimits {
    /// How long transient trouble may last without one byte of progress before the upload fails. A packet whose answer alone
    /// was waited for longer than that is sent once more, where that is allowed.
    pub window: Duration,
    /// The same for the first Create-Session of an upload, while the client has not sent a byte: it loses nothing by
    /// coming back later.
    pub create_window: Duration,
    /// First delay before a new attempt; doubles each time, with jitter.
    pub first_delay: Duration,
    /// Longest delay between attempts (a `Retry-After` of the backend may ask for longer).
    pub max_delay: Duration,
    /// Answered exchanges in a row that bring no progress before the upload fails.
    pub stalled_exchanges: u32,
    /// How often a session that the backend lost is begun anew while the first byte is still held.
    pub restarts: u32,
}

impl Default for RetryLimits {
    fn default() -> Self {
        RetryLimits {
            window: Duration::from_secs(300),
            create_window: Duration::from_secs(15),
            first_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(15),
            stalled_exchanges: 5,
            restarts: 2,
        }
    }
}

/// Time limits of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeLimits {
    /// Client side: how long the head of a request may take, from its first byte to its last. The first head of a
    /// connection: from the beginning of that.
    pub header: Duration,
    /// Client side: how long an idle connection waits for the first byte of its next request.
    pub keep_alive: Duration,
    /// Client side: longest pause between two pieces of the body while we are ready to read, and longest time
    /// in which the client takes not one byte of an answer.
    pub idle: Duration,
    /// Client side: fewest bytes a second of a body, on the average of each `rate_window`. 0: any rate will do.
    pub min_rate: u64,
    /// Client side: what that is measured over. Only time in which we are ready to read counts.
    pub rate_window: Duration,
    /// Client side: how long one request may take until the last byte of its body has come. None: as long as it likes.
    pub upload: Option<Duration>,
    /// Backend side: opening a connection.
    pub connect: Duration,
    /// Backend side: longest time in which the backend takes not one byte of a request being sent.
    pub stall: Duration,
    /// Backend side: from the last byte of a request to the head of its answer.
    pub ack: Duration,
    /// The same for the last fragment and for Close-Session, behind which the backend assembles the
    /// file and may ask an application (MC-BUP §3.3.2: five minutes and more).
    pub final_ack: Duration,
    /// Backend side: how long Cancel-Session is tried for an upload that failed.
    pub cancel: Duration,
    /// Client side: how long the rest of a refused body is read so that the client can see the answer.
    pub linger: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        TimeLimits {
            header: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            idle: Duration::from_secs(60),
            min_rate: KIB,
            rate_window: Duration::from_secs(60),
            upload: None,
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            ack: Duration::from_secs(60),
            final_ack: Duration::from_secs(360),
            cancel: Duration::from_secs(10),
            linger: Duration::from_secs(5),
        }
    }
}

/// Sizes of sockets' buffers in bytes. None: the system adapts them, within bounds of its own (Linux: up to `tcp_rmem` and
/// `tcp_wmem`, some megabytes each). The kernel takes up to twice what is set here. Such a buffer holds what is on its way
/// between two hosts, so it bounds the rate of a connection: size / round trip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SocketLimits {
    /// What a client has sent and the proxy has not read.
    pub receive_buffer: Option<u64>,
    /// What was written to a backend and is not acknowledged.
    pub send_buffer: Option<u64>,
}

/// How long the program takes to end.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutdownLimits {
    /// From the signal to when no more uploads are taken. Meanwhile whoever distributes clients can see that it is not
    /// ready any more, and stop sending them. Part of `grace`.
    pub delay: Duration,
    /// From the signal to the end of the program at the latest. Uploads that cannot be resumed may go on for this time less
    /// [`TimeLimits::cancel`] (or half of what `delay` leaves, if that is more); then they are cancelled.
    pub grace: Duration,
}

impl Default for ShutdownLimits {
    fn default() -> Self {
        ShutdownLimits { delay: Duration::ZERO, grace: Duration::from_secs(25) }
    }
}
