//! What goes wrong on purpose, as text: `WHAT[=VALUE][:PACKET][:OPTION,…]`. See [`FAULT_HELP`] for the words.

use crate::bits::PacketKind;
use bytesize::ByteSize;
use http::StatusCode;
use std::str::FromStr;
use std::time::Duration;

/// The grammar, for `--help`.
pub const FAULT_HELP: &str = "\
A fault is WHAT[=VALUE][:PACKET][:OPTION,OPTION...]

WHAT
  drop-head           drop the connection when the head has come
  drop-body=SIZE      drop it after SIZE bytes of the body
  drop-ack            take the bytes, then drop it in place of the Ack
  drop-after-ack      send the Ack, then drop it
  delay=TIME          wait before the answer (adds to other faults)
  stall               never read or answer again on this connection
  status=CODE         answer CODE without BITS headers (options: retry-after, when)
  early-413           answer 413 while the body still comes, then close
  html-404            answer as the request filter of IIS does
  spurious-416        take nothing, answer 416 with the wanted offset
  short-take=SIZE     take only the first SIZE bytes of a fragment
  lose-session        forget the session before looking at the packet
  restart             forget all sessions and drop all connections
  restart=keep        drop all connections, but keep the sessions, as servers do that have them on disk
PACKET
  any (default), create, ping, fragment, last (fragment), close, cancel
OPTION
  count=N             strike N times (default 1, without p)
  after=N             let N such packets pass first
  p=0.05              strike with this probability
  retry-after=SECONDS with status
  when=before|after   status before (default) or after taking the bytes

Examples: drop-ack:fragment:count=2   status=503:fragment:p=0.05,retry-after=1   delay=200ms:last";

/// One thing that goes wrong, when, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub(super) what: What,
    packet: Packets,
    /// Strikes left; nothing: no end.
    count: Option<u64>,
    /// Packets to let pass first.
    after: u64,
    probability: f64,
    text: String,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    DropHead,
    DropBody(u64),
    DropAck,
    DropAfterAck,
    Delay(Duration),
    Stall,
    Status { code: StatusCode, retry_after: Option<u64>, after_bytes: bool },
    Early413,
    Html404,
    Spurious416,
    ShortTake(u64),
    LoseSession,
    Restart { keep_sessions: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packets {
    Any,
    Kind(PacketKind),
    LastFragment,
}

/// Why a text is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The first word is not known.
    #[error(
        "'{0}' is not a fault; one of drop-head, drop-body=SIZE, drop-ack, drop-after-ack, delay=TIME, stall, status=CODE, early-413, html-404, spurious-416, short-take=SIZE, lose-session, restart[=keep]"
    )]
    What(String),
    /// The fault takes a value, or takes none.
    #[error("'{0}' takes no such value")]
    Value(String),
    /// No such packet.
    #[error("'{0}' is not a packet; one of any, create, ping, fragment, last, close, cancel")]
    Packet(String),
    /// No such option.
    #[error(
        "'{0}' is not an option here; one of count=N, after=N, p=0..1, and with status: retry-after=SECONDS, when=before|after"
    )]
    Option(String),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut parts = text.splitn(3, ':');
        let what = parse_what(parts.next().unwrap_or_default())?;
        let packet = parts.next().map_or(Ok(Packets::Any), parse_packet)?;
        let mut fault =
            Fault { what, packet, count: None, after: 0, probability: 1.0, text: text.to_owned() };
        let options = parts.next().unwrap_or_default();
        for option in options.split(',').filter(|option| !option.is_empty()) {
            fault.set(option).ok_or_else(|| FaultError::Option(option.into()))?;
        }
        let by_chance = options.split(',').any(|option| option.starts_with("p="));
        if fault.count.is_none() && !by_chance {
            fault.count = Some(1);
        }
        Ok(fault)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Fault {
    fn set(&mut self, option: &str) -> Option<()> {
        let (name, value) = option.split_once('=')?;
        match (name, &mut self.what) {
            ("count", _) => self.count = Some(value.parse().ok()?),
            ("after", _) => self.after = value.parse().ok()?,
            ("p", _) => self.probability = value.parse().ok().filter(|p| (0.0..=1.0).contains(p))?,
            ("retry-after", What::Status { retry_after, .. }) => *retry_after = Some(value.parse().ok()?),
            ("when", What::Status { after_bytes, .. }) => {
                *after_bytes = match value {
                    "before" => false,
                    "after" => true,
                    _ => return None,
                };
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether it strikes this packet; counts it.
    fn strikes(&mut self, kind: Option<PacketKind>, last: bool, random: &mut fastrand::Rng) -> bool {
        let applies = match self.packet {
            Packets::Any => true,
            Packets::Kind(wanted) => kind == Some(wanted),
            Packets::LastFragment => kind == Some(PacketKind::Fragment) && last,
        };
        if !applies || self.count == Some(0) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        let strikes = self.probability >= 1.0 || random.f64() < self.probability;
        if let (true, Some(count)) = (strikes, &mut self.count) {
            *count -= 1;
        }
        strikes
    }
}

fn parse_what(text: &str) -> Result<What, FaultError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let wrong = || FaultError::Value(text.to_owned());
    let plain = |what| if value.is_none() { Ok(what) } else { Err(wrong()) };
    let size = || {
        let size: Option<ByteSize> = value.and_then(|value| value.parse().ok());
        size.map(|size| size.as_u64()).ok_or_else(wrong)
    };
    match name {
        "drop-head" => plain(What::DropHead),
        "drop-body" => size().map(What::DropBody),
        "drop-ack" => plain(What::DropAck),
        "drop-after-ack" => plain(What::DropAfterAck),
        "delay" => {
            let time = value.and_then(|value| humantime::parse_duration(value).ok());
            time.map(What::Delay).ok_or_else(wrong)
        }
        "stall" => plain(What::Stall),
        "status" => {
            let code = value.and_then(|value| value.parse().ok()).ok_or_else(wrong)?;
            Ok(What::Status { code, retry_after: None, after_bytes: false })
        }
        "early-413" => plain(What::Early413),
        "html-404" => plain(What::Html404),
        "spurious-416" => plain(What::Spurious416),
        "short-take" => size().map(What::ShortTake),
        "lose-session" => plain(What::LoseSession),
        "restart" => match value {
            None => Ok(What::Restart { keep_sessions: false }),
            Some("keep") => Ok(What::Restart { keep_sessions: true }),
            Some(_) => Err(wrong()),
        },
        _ => Err(FaultError::What(text.to_owned())),
    }
}

fn parse_packet(text: &str) -> Result<Packets, FaultError> {
    Ok(match text {
        "any" | "" => Packets::Any,
        "create" => Packets::Kind(PacketKind::CreateSession),
        "ping" => Packets::Kind(PacketKind::Ping),
        "fragment" => Packets::Kind(PacketKind::Fragment),
        "last" => Packets::LastFragment,
        "close" => Packets::Kind(PacketKind::CloseSession),
        "cancel" => Packets::Kind(PacketKind::CancelSession),
        _ => return Err(FaultError::Packet(text.to_owned())),
    })
}

/// All faults of a server and their dice.
#[derive(Debug)]
pub(super) struct FaultPlan {
    faults: Vec<Fault>,
    random: fastrand::Rng,
}

/// What strikes one packet.
#[derive(Debug, Default, Clone)]
pub(super) struct Struck {
    /// How long to wait before the answer.
    pub(super) delay: Duration,
    /// What else goes wrong.
    pub(super) what: Option<What>,
    /// The faults as they were written, for the log.
    pub(super) texts: Vec<String>,
}

impl FaultPlan {
    pub(super) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        FaultPlan { faults, random: fastrand::Rng::with_seed(seed) }
    }

    pub(super) fn replace(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    /// What strikes this packet.
    pub(super) fn draw(&mut self, kind: Option<PacketKind>, last: bool) -> Struck {
        let mut struck = Struck::default();
        for fault in &mut self.faults {
            match fault.what {
                What::Delay(delay) => {
                    if fault.strikes(kind, last, &mut self.random) {
                        struck.delay += delay;
                        struck.texts.push(fault.text.clone());
                    }
                }
                what => {
                    if struck.what.is_none() && fault.strikes(kind, last, &mut self.random) {
                        struck.what = Some(what);
                        struck.texts.push(fault.text.clone());
                    }
                }
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(faults: &[&str]) -> FaultPlan {
        FaultPlan::new(faults.iter().map(|text| text.parse().unwrap()).collect(), 7)
    }

    #[test]
    fn strikes_as_often_as_told_and_where_told() {
        let mut plan = plan(&["drop-ack:fragment:count=2,after=1"]);
        let fragment = Some(PacketKind::Fragment);
        assert_eq!(plan.draw(Some(PacketKind::Ping), false).what, None);
        let struck: Vec<bool> = (0..5).map(|_| plan.draw(fragment, false).what.is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn the_last_fragment_is_a_packet_of_its_own() {
        let mut plan = plan(&["stall:last"]);
        assert_eq!(plan.draw(Some(PacketKind::Fragment), false).what, None);
        assert_eq!(plan.draw(Some(PacketKind::Fragment), true).what, Some(What::Stall));
    }

    #[test]
    fn delays_add_to_another_fault() {
        let mut plan = plan(&["delay=20ms", "drop-head", "delay=1s", "stall"]);
        let struck = plan.draw(None, false);
        assert_eq!((struck.delay, struck.what), (Duration::from_millis(1020), Some(What::DropHead)));
        assert_eq!(plan.draw(None, false).what, Some(What::Stall), "one at a time");
    }

    #[test]
    fn probabilities_repeat_with_the_seed() {
        let strikes = || {
            let mut plan = plan(&["restart:any:p=0.25"]);
            (0..4000).map(|_| plan.draw(None, false).what.is_some()).collect::<Vec<_>>()
        };
        let first = strikes();
        assert_eq!(first, strikes());
        let count = first.iter().filter(|struck| **struck).count();
        assert!((800..1200).contains(&count), "{count}");
    }

    #[test]
    fn every_word_is_understood() {
        let status = |retry_after, after_bytes| What::Status {
            code: StatusCode::SERVICE_UNAVAILABLE,
            retry_after,
            after_bytes,
        };
        for (text, what) in [
            ("drop-head", What::DropHead),
            ("drop-body=4KiB", What::DropBody(4096)),
            ("drop-ack:create", What::DropAck),
            ("drop-after-ack:cancel", What::DropAfterAck),
            ("delay=1m:close", What::Delay(Duration::from_secs(60))),
            ("status=503", status(None, false)),
            ("status=503:fragment:p=0.05,retry-after=1", status(Some(1), false)),
            ("status=503:any:when=after", status(None, true)),
            ("early-413:last", What::Early413),
            ("html-404", What::Html404),
            ("spurious-416:any:count=9", What::Spurious416),
            ("short-take=1", What::ShortTake(1)),
            ("lose-session::after=3", What::LoseSession),
            ("restart:fragment", What::Restart { keep_sessions: false }),
            ("restart=keep:fragment:after=3", What::Restart { keep_sessions: true }),
        ] {
            let fault: Fault = text.parse().unwrap();
            assert_eq!((fault.what, fault.to_string()), (what, text.to_owned()));
        }
    }

    #[test]
    fn errors_name_the_word_that_is_wrong() {
        for (text, start) in [
            ("explode", "'explode' is not a fault"),
            ("stall=3", "'stall=3' takes no such value"),
            ("delay=soon", "'delay=soon' takes no such value"),
            ("drop-body", "'drop-body' takes no such value"),
            ("restart=lose", "'restart=lose' takes no such value"),
            ("status=99", "'status=99' takes no such value"),
            ("stall:post", "'post' is not a packet"),
            ("stall:any:p=2", "'p=2' is not an option"),
            ("stall:any:retry-after=1", "'retry-after=1' is not an option"),
            ("stall:any:often", "'often' is not an option"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
