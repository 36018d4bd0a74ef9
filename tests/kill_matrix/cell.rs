//! The four axes of the matrix.

/// Size of every fragment but the last, in bytes.
pub(crate) const FRAGMENT: u64 = 64 << 10;

/// Size of the file: three fragments and a half.
pub(crate) const SIZE: u64 = 3 * FRAGMENT + FRAGMENT / 2;

names! {
    /// How far the upload has come: at which packet, and what has become of that.
    Point {
        /// The client has sent its head. The backend knows of nothing.
        CreateUnsent = "create-unsent",
        /// The session is open. The proxy does not know it.
        CreateSent = "create-sent",
        CreateAnswered = "create-answered",
        FirstUnsent = "first-unsent",
        /// The backend has half of the fragment.
        FirstHalf = "first-half",
        /// The backend has acknowledged it. The proxy does not know it.
        FirstSent = "first-sent",
        MiddleAnswered = "middle-answered",
        LastUnsent = "last-unsent",
        LastHalf = "last-half",
        LastSent = "last-sent",
        /// Every byte is acknowledged.
        CloseUnsent = "close-unsent",
        /// The file is stored. The proxy does not know it.
        CloseSent = "close-sent",
        /// The proxy has answered. The client does not know it.
        CloseAnswered = "close-answered",
    }
}

names! {
    /// Who dies, and how.
    Actor {
        /// Its connection is reset.
        ClientResets = "client-resets",
        /// Its connection is closed.
        ClientCloses = "client-closes",
        /// Its connection stays, and nothing comes any more.
        ClientSilent = "client-silent",
        /// SIGKILL, and a new process.
        ProxyKilled = "proxy-killed",
        /// All its connections are dropped. It has its sessions on disk.
        BackendRestarts = "backend-restarts",
        /// SIGKILL, and a new process. It had its sessions in memory.
        BackendKilled = "backend-killed",
        /// Both ends of what is open between client and proxy are reset.
        FrontCut = "front-cut",
        /// Nothing goes by any more, and nobody is told.
        FrontStalled = "front-stalled",
        /// The proxy is told that the client sends nothing more. Answers still come through.
        FrontHalf = "front-half-closed",
        /// The same between proxy and backend.
        BackCut = "back-cut",
        BackStalled = "back-stalled",
        /// The proxy is told that the backend sends nothing more, and what it sends is lost.
        BackHalf = "back-half-closed",
    }
}

names! {
    /// What the client does.
    Mode {
        /// It cannot resume.
        Plain = "plain",
        /// It can, and this is its first request.
        Create = "create",
        /// It does already: a fragment is acknowledged, and this is its PATCH.
        Append = "append",
    }
}

names! {
    /// What the backend does with bytes that it gets twice.
    Kind {
        /// It refuses them, and the proxy knows.
        Refuse = "refuse",
        /// It appends them, and the proxy does not know.
        Append = "append",
    }
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) actor: Actor,
    pub(crate) point: Point,
    pub(crate) mode: Mode,
    pub(crate) kind: Kind,
}

impl Cell {
    /// Every cell. A PATCH has its session already.
    pub(crate) fn all() -> Vec<Cell> {
        let mut cells = Vec::new();
        for &actor in Actor::ALL {
            for &point in Point::ALL {
                for &mode in Mode::ALL {
                    if mode == Mode::Append && point <= Point::CreateAnswered {
                        continue;
                    }
                    cells.extend(Kind::ALL.iter().map(|&kind| Cell { actor, point, mode, kind }));
                }
            }
        }
        cells
    }

    pub(crate) fn name(&self) -> String {
        let Cell { actor, point, mode, kind } = self;
        [actor.name(), point.name(), mode.name(), kind.name()].join(" × ")
    }

    /// The offset at which the request begins that is struck.
    pub(crate) fn from(&self) -> u64 {
        if self.mode == Mode::Append { FRAGMENT } else { 0 }
    }

    /// Up to where its body is sent before the point.
    pub(crate) fn sent(&self) -> u64 {
        match self.point {
            Point::CreateUnsent | Point::CreateSent | Point::CreateAnswered => self.from(),
            Point::FirstUnsent | Point::FirstHalf | Point::FirstSent => self.from() + FRAGMENT,
            Point::MiddleAnswered => self.from() + 2 * FRAGMENT,
            _ => SIZE,
        }
    }
}
