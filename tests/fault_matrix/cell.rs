//! The four axes of the matrix, and whether a fault passes.

use crate::farm;
use put2bits::bits::Profile;
use put2bits::bits::server::{Broken, GapRule, Knobs, OverlapRule};

/// Faults that any server may meet.
const EVERYWHERE: usize = Fault::ALL.len() - 1;
/// Cells in all: of each fault that any server may meet, once and, if it can last, for ever; and of nodes that die.
pub(crate) const COUNT: usize = 13 * 3 * (7 * (2 * EVERYWHERE - (Fault::DEATHS - 1) + 1) + 2);

names! {
    /// Where in the protocol. The names say: at which packet, and how far it has come.
    Point {
        CreateUnsent = "create-unsent",
        CreateSent = "create-sent",
        CreateAnswered = "create-answered",
        FirstUnsent = "first-unsent",
        FirstHalf = "first-half",
        FirstSent = "first-sent",
        MiddleAnswered = "middle-answered",
        LastUnsent = "last-unsent",
        LastHalf = "last-half",
        LastSent = "last-sent",
        /// Every byte is acknowledged.
        CloseUnsent = "close-unsent",
        CloseSent = "close-sent",
        /// And the client does not know it yet.
        CloseAnswered = "close-answered",
    }
}

names! {
    /// What goes wrong, or who dies.
    Fault {
        Refused = "refused",
        /// DNS or TLS.
        Unresolved = "unresolved",
        ResetRequest = "reset-mid-request",
        ResetResponse = "reset-mid-response",
        Stall = "stall",
        HalfClose = "half-close",
        Slow = "slow",
        Status413 = "413",
        Ahead416 = "416-ahead",
        Behind416 = "416-behind",
        SessionNotFound = "500-session-not-found",
        TooLarge = "500-too-large",
        RetryAfter = "503-retry-after",
        Status401 = "401",
        Status403 = "403",
        Redirect = "redirect",
        AckMissing = "ack-missing",
        AckHuge = "ack-huge",
        AckBeyond = "ack-beyond",
        AckNegative = "ack-negative",
        AckText = "ack-not-a-number",
        AckForeign = "ack-wrong-session",
        AckUntyped = "ack-without-type",
        ClientDies = "client-dies",
        ProxyDies = "proxy-dies",
        ServerRestarts = "server-restarts",
        /// It had its sessions in memory.
        ServerForgets = "server-restarts-and-forgets",
        NetworkCut = "network-cut",
        /// The node that the session was sent to. The others live.
        NodeDies = "node-dies",
    }
}

names! {
    /// What the client does.
    Mode {
        Plain = "plain",
        Create = "create",
        /// The fault strikes a PATCH.
        Append = "append",
    }
}

names! {
    /// What kind of server it is.
    Kind {
        Refuse = "refuse",
        Trim = "trim",
        Append = "append",
        /// It acknowledges the end of whatever came.
        EndPlusOne = "end+1",
        /// What came of a broken request counts.
        Partial = "partial",
        /// Several nodes that share all they have, on the operator's list; one of them is handed out. It refuses overlaps.
        Farm = "farm",
        /// The same, and each knows its own sessions and files alone.
        Apart = "farm-apart",
    }
}

names! {
    /// How long.
    Lasting {
        Once = "once",
        ForEver = "for-ever",
    }
}

/// How far a packet has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing of it is sent.
    Unsent,
    /// Half of its body is.
    Half,
    /// The server has acted, nobody knows how.
    Sent,
    /// Its answer has come; nothing of the next packet is sent.
    Answered,
}

impl Point {
    pub(crate) const fn moment(self) -> Moment {
        match self {
            Point::CreateUnsent | Point::FirstUnsent | Point::LastUnsent | Point::CloseUnsent => {
                Moment::Unsent
            }
            Point::FirstHalf | Point::LastHalf => Moment::Half,
            Point::CreateSent | Point::FirstSent | Point::LastSent | Point::CloseSent => Moment::Sent,
            Point::CreateAnswered | Point::MiddleAnswered | Point::CloseAnswered => Moment::Answered,
        }
    }

    /// Whether the session is not open yet.
    pub(crate) const fn is_at_create(self) -> bool {
        matches!(self, Point::CreateUnsent | Point::CreateSent | Point::CreateAnswered)
    }
}

impl Fault {
    /// How many of them are somebody's death or nearly so.
    pub(crate) const DEATHS: usize = 6;

    /// Whether somebody dies, or the network between proxy and server does.
    pub(crate) const fn is_a_death(self) -> bool {
        self as usize >= Fault::ClientDies as usize
    }

    /// Its name in the plan: 401 and 403 are one there, and so are the malformed Acks.
    pub(crate) const fn family(self) -> &'static str {
        match self {
            Fault::Status401 | Fault::Status403 => "401/403",
            Fault::AckMissing
            | Fault::AckHuge
            | Fault::AckBeyond
            | Fault::AckNegative
            | Fault::AckText
            | Fault::AckForeign
            | Fault::AckUntyped => "malformed-ack",
            other => other.name(),
        }
    }
}

impl Kind {
    /// The model server of that kind.
    pub(crate) fn knobs(self) -> Knobs {
        let mut knobs = Knobs::strict();
        let fragment = &mut knobs.fragment;
        match self {
            Kind::Refuse => {}
            Kind::Trim => fragment.overlap = OverlapRule::Trim,
            Kind::Append => fragment.overlap = OverlapRule::Append,
            Kind::EndPlusOne => (fragment.overlap, fragment.gap) = (OverlapRule::Overwrite, GapRule::Take),
            Kind::Partial => fragment.broken = Broken::Keep,
            Kind::Farm | Kind::Apart => farm::found(&mut knobs, self == Kind::Farm),
        }
        knobs
    }

    /// Whether it hands out nodes.
    pub(crate) const fn is_farm(self) -> bool {
        matches!(self, Kind::Farm | Kind::Apart)
    }

    /// What the route says of it.
    pub(crate) fn profile(self) -> &'static Profile {
        self.knobs().fitting_profile()
    }
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) point: Point,
    pub(crate) fault: Fault,
    pub(crate) mode: Mode,
    pub(crate) server: Kind,
    pub(crate) lasting: Lasting,
}

impl Cell {
    /// Every cell. Who is dead comes back: of the deaths only a cut network may last. (A node that does not is struck once.)
    pub(crate) fn all() -> Vec<Cell> {
        let mut cells = Vec::new();
        for &lasting in Lasting::ALL {
            for &fault in Fault::ALL {
                if lasting == Lasting::ForEver && fault.is_a_death() && fault != Fault::NetworkCut {
                    continue;
                }
                for &point in Point::ALL {
                    for &mode in Mode::ALL {
                        for &server in Kind::ALL {
                            if fault == Fault::NodeDies && !server.is_farm() {
                                continue;
                            }
                            cells.push(Cell { point, fault, mode, server, lasting });
                        }
                    }
                }
            }
        }
        cells
    }

    pub(crate) fn name(&self) -> String {
        let Cell { point, fault, mode, server, lasting } = self;
        let names = [point.name(), fault.name(), mode.name(), server.name(), lasting.name()];
        names.join(" × ")
    }
}
