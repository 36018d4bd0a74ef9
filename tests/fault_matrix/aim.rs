//! Waits for the point, then strikes.

use crate::answers;
use crate::cell::{Cell, Fault, Kind, Lasting, Moment, Point};
use crate::strike::{Back, Dies, Reach, Strike};
use put2bits::bits::Packet;
use std::time::Duration;

/// What a head has at least, in bytes, and so in seconds where everything is slow.
const HEAD: u64 = 200;

/// Waits for the point, then strikes.
#[derive(Debug)]
pub(crate) struct Aim {
    cell: Cell,
    total: u64,
    armed: bool,
    /// A fragment has gone by.
    begun: bool,
    /// The packet of the point has gone by, and the next one is struck.
    next: bool,
    /// What strikes the packets that follow.
    then: Vec<Back>,
    /// How often it struck on its own account.
    pub(crate) fired: u32,
}

impl Aim {
    pub(crate) fn new(cell: Cell, total: u64) -> Self {
        Aim { cell, total, armed: false, begun: false, next: false, then: Vec::new(), fired: 0 }
    }

    /// The request that it waits for begins.
    pub(crate) fn arm(&mut self) {
        if self.fired == 0 && !self.next {
            self.armed = true;
        }
    }

    /// Whether the point is looked out for, or was met.
    pub(crate) fn is_set(&self) -> bool {
        self.armed || self.fired > 0 || self.next
    }

    /// Whatever it was, it is over.
    pub(crate) fn disarm(&mut self) {
        self.armed = false;
        self.then.clear();
    }

    /// What that packet is struck with; nothing: the HEAD of the target.
    pub(crate) fn look(&mut self, packet: Option<&Packet>) -> Option<Strike> {
        if let Some(back) = self.then.pop() {
            return Some(strike(Reach::Nothing, back));
        }
        if !self.armed {
            return None;
        }
        let is_there = packet.is_some_and(|packet| self.is_there(packet));
        let strikes = match self.cell.point.moment() {
            // Deaths strike while the answer is on its way.
            Moment::Answered if self.cell.fault.is_a_death_of_ours() => is_there,
            Moment::Answered => {
                let strikes = self.next;
                self.next |= is_there;
                strikes
            }
            _ => is_there,
        };
        let for_ever = self.cell.lasting == Lasting::ForEver;
        if !(strikes || (for_ever && self.fired > 0)) {
            return None;
        }
        self.fired += 1;
        self.armed = for_ever;
        Some(self.blow(packet))
    }

    fn is_there(&mut self, packet: &Packet) -> bool {
        use Point::{
            CloseAnswered, CloseSent, CloseUnsent, CreateAnswered, CreateSent, CreateUnsent, FirstHalf,
            FirstSent, FirstUnsent, LastHalf, LastSent, LastUnsent, MiddleAnswered,
        };
        let is_first = !self.begun;
        self.begun |= matches!(packet, Packet::Fragment { .. });
        match (self.cell.point, packet) {
            (CreateUnsent | CreateSent | CreateAnswered, Packet::CreateSession) => true,
            (FirstUnsent | FirstHalf | FirstSent, Packet::Fragment { .. }) => is_first,
            (MiddleAnswered, Packet::Fragment { range, .. }) => {
                range.start() >= self.total / 2 && !range.is_last()
            }
            (LastUnsent | LastHalf | LastSent, Packet::Fragment { range, .. }) => range.is_last(),
            (CloseUnsent | CloseSent | CloseAnswered, Packet::CloseSession { .. }) => true,
            _ => false,
        }
    }

    /// The fault as it is at this point.
    fn blow(&mut self, packet: Option<&Packet>) -> Strike {
        let moment = self.cell.point.moment();
        let reach = match moment {
            Moment::Unsent | Moment::Answered => Reach::Nothing,
            Moment::Half => Reach::HalfOfTheBody,
            Moment::Sent => Reach::Whole,
        };
        let nothing = reach == Reach::Nothing;
        match self.cell.fault {
            Fault::Refused | Fault::Unresolved => {
                let back = match self.cell.fault {
                    Fault::Refused => Back::Unsent,
                    _ => Back::Unresolved,
                };
                if nothing {
                    return strike(reach, back);
                }
                self.then = vec![back];
                strike(reach, Back::Lost)
            }
            Fault::ResetRequest if moment == Moment::Sent => strike(Reach::AllButOneByte, Back::Lost),
            Fault::ResetRequest | Fault::ResetResponse => strike(reach, Back::Lost),
            Fault::Stall if moment == Moment::Sent => strike(reach, Back::Silence),
            Fault::Stall => strike(reach, Back::Stalled),
            // It reads on, and cannot say what it did.
            Fault::HalfClose => strike(Reach::Whole, Back::Lost),
            Fault::Slow => {
                let (head, body) = (HEAD, packet.map_or(0, Packet::content_length));
                let (before, after) = match moment {
                    Moment::Unsent | Moment::Answered => (head + body, 0),
                    Moment::Half => (body / 2, 0),
                    Moment::Sent => (0, HEAD),
                };
                let back = Back::SlowAnswer(Duration::from_secs(after));
                Strike { before: Duration::from_secs(before), ..strike(Reach::Whole, back) }
            }
            Fault::SessionNotFound => {
                let (status, headers) = answers::of(Fault::SessionNotFound, packet);
                Strike { forgets: true, ..strike(reach, Back::Instead(status, headers)) }
            }
            fault @ (Fault::AckMissing
            | Fault::AckHuge
            | Fault::AckBeyond
            | Fault::AckNegative
            | Fault::AckText
            | Fault::AckForeign
            | Fault::AckUntyped) => match reach {
                Reach::Whole => strike(reach, Back::Bent(answers::bent(fault, packet))),
                _ => {
                    let (status, headers) = answers::of(fault, packet);
                    strike(reach, Back::Instead(status, headers))
                }
            },
            fault @ (Fault::Status413
            | Fault::Ahead416
            | Fault::Behind416
            | Fault::TooLarge
            | Fault::RetryAfter
            | Fault::Status401
            | Fault::Status403
            | Fault::Redirect) => {
                let (status, headers) = answers::of(fault, packet);
                // It says that it has not taken what it has: who appends must not lie so, or no client can save the file.
                let asks_again = matches!(fault, Fault::Status413 | Fault::Behind416);
                let honest = asks_again && self.cell.server == Kind::Append;
                let reach = if honest { Reach::Nothing } else { reach };
                strike(reach, Back::Instead(status, headers))
            }
            // The exchange goes on as if nothing were: nobody has told the server.
            Fault::ClientDies => Strike { dies: Some(Dies::Client), ..strike(Reach::Whole, Back::Answer) },
            Fault::ProxyDies if moment == Moment::Answered => {
                Strike { dies: Some(Dies::ProxySoon), ..strike(Reach::Whole, Back::Answer) }
            }
            // It dies behind Create-Session, which goes to the origin.
            Fault::NodeDies if packet == Some(&Packet::CreateSession) => {
                Strike { dies: Some(Dies::Node), ..strike(Reach::Whole, Back::Answer) }
            }
            Fault::NodeDies if nothing => Strike { dies: Some(Dies::Node), ..strike(reach, Back::Unsent) },
            Fault::NodeDies => Strike { dies: Some(Dies::Node), ..strike(reach, Back::Lost) },
            Fault::ProxyDies => Strike { dies: Some(Dies::Proxy), ..strike(reach, Back::Lost) },
            Fault::ServerRestarts | Fault::ServerForgets => {
                self.then = vec![Back::Unsent; 3];
                Strike { forgets: self.cell.fault == Fault::ServerForgets, ..strike(reach, Back::Lost) }
            }
            Fault::NetworkCut => {
                self.then = vec![Back::Unresolved; 3];
                strike(reach, if moment == Moment::Sent { Back::Silence } else { Back::Stalled })
            }
        }
    }
}

impl Fault {
    /// Whether the client or the proxy dies.
    pub(crate) const fn is_a_death_of_ours(self) -> bool {
        matches!(self, Fault::ClientDies | Fault::ProxyDies)
    }
}

fn strike(reach: Reach, back: Back) -> Strike {
    Strike { before: Duration::ZERO, reach, forgets: false, dies: None, back }
}
