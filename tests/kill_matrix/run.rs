//! One cell: an upload is brought to its point and held there, somebody dies, everything goes on.

use crate::back::Back;
use crate::cell::{Actor, Cell, FRAGMENT, Mode, Point, SIZE};
use crate::client::{Plain, assert_acknowledged, resume};
use crate::front::Front;
use crate::gate::{Gate, Side, Trouble};
use crate::outcomes::{self, Outcome};
use crate::phone::{Leaving, Phone, Progress};
use crate::server::Server;
use crate::support::{File, Proxy, Settings, within};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const PATH: &str = "/IMG_0001.mov";

/// P9: when the connection before it is dead after a newer request.
const PRE_EMPTION: Duration = Duration::from_secs(1);

/// The longest in all cells, in milliseconds.
pub(crate) static LONGEST_MS: AtomicU64 = AtomicU64::new(0);

/// What a cell has.
struct World {
    cell: Cell,
    file: File,
    gate: Gate,
    server: Server,
    back: Back,
    front: Front,
    settings: Settings,
    proxy: Proxy,
    _state: TempDir,
    /// Connections that their client holds although it does nothing with them.
    hanging: Vec<TcpStream>,
}

/// Longest time for a cell to come to its end: nothing but the limits of `settings` is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a cell. It panics where a promise is broken.
pub(crate) async fn run(cell: Cell) -> Outcome {
    let run = tokio::time::timeout(PATIENCE, run_to_its_end(cell));
    run.await.unwrap_or_else(|_| panic!("it has come to no end within {PATIENCE:?}"))
}

async fn run_to_its_end(cell: Cell) -> Outcome {
    let mut world = World::new(cell).await;
    let outcome = match cell.mode {
        Mode::Plain => world.plain().await,
        Mode::Create | Mode::Append => world.resumable().await,
    };
    world.over(outcome).await
}

impl World {
    async fn new(cell: Cell) -> World {
        let server = match cell.actor {
            Actor::BackendKilled => Server::process(cell.kind),
            _ => Server::thread(cell.kind),
        };
        let (gate, state) = (Gate::new(), tempfile::tempdir().unwrap());
        let back = Back::before(server.addr(), &gate).await;
        let settings = settings(cell, &back.url()).state_in(state.path());
        let proxy = settings.clone().start().await;
        let front = Front::before(proxy.addr, &gate).await;
        let (file, hanging) = (File::new(SIZE), Vec::new());
        World { cell, file, gate, server, back, front, settings, proxy, _state: state, hanging }
    }

    /// An upload that cannot be resumed.
    async fn plain(&mut self) -> Outcome {
        self.gate.arm(self.cell.point, 0);
        let mut client = Plain::begin(self.front.addr, PATH, self.file).await;
        client.send_to(self.cell.sent()).await;
        self.held().await;
        match self.cell.actor {
            Actor::ClientResets | Actor::ClientCloses => {
                client.leave(leaving(self.cell.actor).unwrap());
                if self.cell.sent() == SIZE {
                    // Nothing more is read from it: before anything goes on, the proxy has heard of it.
                    self.proxy.admin.until_is("connections_open", &[], 0).await;
                }
                self.gate.release();
                self.left().await
            }
            Actor::ClientSilent => {
                self.gate.release();
                client.read().await
            }
            Actor::FrontStalled => {
                self.strike().await;
                self.hanging.extend(client.leave(Leaving::Silent));
                self.left().await
            }
            _ => {
                self.strike().await;
                client.finish().await
            }
        }
    }

    /// Nobody is there to be told. What has become of it?
    async fn left(&mut self) -> Outcome {
        self.proxy.admin.until_is("uploads_running", &[], 0).await;
        Outcome::Left
    }

    /// An upload that can be resumed, to its end.
    async fn resumable(&mut self) -> Outcome {
        let mut phone = Phone::new(self.front.addr, PATH, self.file);
        if self.cell.mode == Mode::Append {
            let mut going = phone.begin().await.unwrap();
            going.send_to(FRAGMENT).await;
            self.gate.until("the first part", |seen| seen.acknowledged == FRAGMENT).await;
            going.leave(Leaving::Closed);
            assert_eq!(phone.ask().await, Progress::At { offset: FRAGMENT, finished: false });
            assert_acknowledged(&phone, &self.gate);
        }
        self.gate.arm(self.cell.point, self.cell.from());
        let mut going = match self.cell.mode {
            Mode::Append => phone.go_on().await.unwrap(),
            _ => phone.begin().await.unwrap(),
        };
        going.send_to(self.cell.sent()).await;
        self.held().await;
        let (actor, gate) = (self.cell.actor, self.gate.clone());
        match actor {
            Actor::ClientResets | Actor::ClientCloses => {
                going.leave(leaving(actor).unwrap());
                gate.release();
                resume(&mut phone, &gate, None).await
            }
            Actor::ClientSilent => {
                let old = going.leave(Leaving::Silent).unwrap();
                gate.release();
                let begun = Instant::now();
                let (outcome, old) = tokio::join!(resume(&mut phone, &gate, None), dead(old, begun));
                self.hanging.push(old);
                outcome
            }
            Actor::FrontStalled => {
                self.hanging.extend(going.leave(Leaving::Silent));
                let answered = gate.seen().answers > 0;
                self.strike().await;
                let begun = Instant::now();
                let let_go = async {
                    if !answered {
                        gate.until("the end of the old connection", |seen| seen.let_go > 0).await;
                        assert_in_time(begun);
                    }
                };
                tokio::join!(resume(&mut phone, &gate, None), let_go).0
            }
            _ => {
                // What was going on sends the rest, or finds that it can't, after the strike.
                self.strike().await;
                let first = within("an answer or the end", going.finish()).await;
                resume(&mut phone, &gate, first).await
            }
        }
    }

    /// Waits until the point is reached, and looks what the client knows there.
    async fn held(&self) {
        self.gate.reached().await;
        let answers = self.gate.seen().answers;
        assert_eq!(answers, u64::from(self.cell.point == Point::CloseAnswered), "P1: nothing is stored yet");
    }

    /// Somebody dies who is not the client, and all that is left goes on.
    async fn strike(&mut self) {
        let trouble = match self.cell.actor {
            Actor::ClientResets | Actor::ClientCloses | Actor::ClientSilent => return,
            Actor::ProxyKilled => {
                self.front.lead_to(None);
                self.proxy.kill();
                self.gate.strike(Side::Front, Trouble::Cut).await;
                self.gate.strike(Side::Back, Trouble::Cut).await;
                self.gate.release();
                self.proxy = self.settings.clone().start().await;
                self.front.lead_to(Some(self.proxy.addr));
                return;
            }
            Actor::BackendRestarts | Actor::BackendKilled => {
                self.back.lead_to(None);
                self.server.die();
                if self.cell.actor == Actor::BackendKilled {
                    self.gate.saw(|seen| seen.sessions.clear());
                }
                self.gate.strike(Side::Back, Trouble::Cut).await;
                self.gate.release();
                self.server.come_back();
                self.back.lead_to(Some(self.server.addr()));
                return;
            }
            Actor::FrontCut => (Side::Front, Trouble::Cut),
            Actor::FrontStalled => (Side::Front, Trouble::Stalled),
            Actor::FrontHalf => (Side::Front, Trouble::HalfClosed),
            Actor::BackCut => (Side::Back, Trouble::Cut),
            Actor::BackStalled => (Side::Back, Trouble::Stalled),
            Actor::BackHalf => (Side::Back, Trouble::HalfClosed),
        };
        self.gate.strike(trouble.0, trouble.1).await;
        self.gate.release();
    }

    /// Nothing is left, and the file is there if somebody was told so.
    async fn over(mut self, outcome: Outcome) -> Outcome {
        // At the moment of the success, not some time later.
        let told = matches!(outcome, Outcome::Stored | Outcome::Resumed | Outcome::Anew(_));
        assert!(!told || self.server.has(PATH, self.file), "P1: {outcome:?}, and nothing is stored");
        self.hanging.clear();
        let figures = ["uploads_running", "memory_used_bytes", "connections_open", "upload_resources_open"];
        for figure in figures {
            self.proxy.admin.until_is(figure, &[], 0).await;
        }
        let orphans = outcomes::orphans(self.cell);
        let known = |sessions: usize| (orphans.0..=orphans.1).contains(&(sessions as u64));
        self.gate.until("the sessions", |seen| known(seen.sessions.len())).await;
        let open = self.gate.seen().sessions.len() as u64;
        self.server.ends_with_sessions(open).await;
        match (outcome, self.server.has(PATH, self.file)) {
            (Outcome::Left, true) => Outcome::LeftStored,
            (Outcome::CutOff, true) => Outcome::CutOffStored,
            (Outcome::Failed(code), true) => panic!("{code:?} was told, and the file is stored"),
            (outcome, _) => outcome,
        }
    }
}

fn settings(cell: Cell, url: &str) -> Settings {
    let settings = Settings::to_url(url)
        .set("profile", cell.kind.profile())
        .set("workers", "2")
        .set("uploads.settle", "1s")
        .fragments_of(FRAGMENT);
    match (cell.actor, cell.mode) {
        (Actor::BackStalled, _) => settings.set("timeouts.ack", "1500ms").set("timeouts.final_ack", "1500ms"),
        (Actor::ClientSilent | Actor::FrontStalled, Mode::Plain) => settings.set("timeouts.idle", "1s"),
        _ => settings,
    }
}

fn leaving(actor: Actor) -> Option<Leaving> {
    match actor {
        Actor::ClientResets => Some(Leaving::Reset),
        Actor::ClientCloses => Some(Leaving::Closed),
        Actor::ClientSilent => Some(Leaving::Silent),
        _ => None,
    }
}

/// P9: it is dead in time, or answered.
async fn dead(mut old: TcpStream, since: Instant) -> TcpStream {
    // A reset is an end, too.
    let _ = within("the end of the old connection", old.read(&mut [0; 1])).await;
    assert_in_time(since);
    old
}

fn assert_in_time(since: Instant) {
    let lived = since.elapsed();
    assert!(lived < PRE_EMPTION, "P9: the old connection lived {lived:?}");
    LONGEST_MS.fetch_max(u64::try_from(lived.as_millis()).unwrap(), Ordering::Relaxed);
}
