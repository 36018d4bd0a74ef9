//! Answers that come too early, too slowly, in part or not at all.

use crate::act::{Listen, Then};
use crate::case::{At, Case, ack, bad, good, head, passing, taken};
use put2bits::error::Problem::{self, CloseInDoubt, Forbidden, Timeout, Unavailable};

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for at in [At::Create, At::First, At::Last, At::Close] {
        let name = |name: &str| format!("{name} ({at:?})");
        let or_doubt = |problem: Problem| if at == At::Close { CloseInDoubt } else { problem };
        let (late, lost) = (or_doubt(Timeout), or_doubt(Unavailable));
        all.extend([
            bad(name("silence"), at, "", late).then(Then::Stall),
            bad(name("silence behind half a status line"), at, "HTTP/1.1 2", late).then(Then::Stall),
            bad(name("silence behind half a head"), at, "HTTP/1.1 200 OK\r\nBITS-", late).then(Then::Stall),
            bad(name("a byte a second"), at, "", late).then(Then::Drip(b"HTTP/1.1 200 OK\r\n")),
        ]);
        for (end, then) in [("closed", Then::Close), ("half closed", Then::HalfClose), ("reset", Then::Reset)]
        {
            let name = |when: &str| format!("{end} {when} ({at:?})");
            all.extend([
                bad(name("in place of an answer"), at, "", lost).then(then),
                bad(name("within the status line"), at, "HTTP/1.1 2", lost).then(then),
                bad(name("within the head"), at, "HTTP/1.1 200 OK\r\nBITS-", lost).then(then),
                passing(name("once"), at, "").then(then),
                bad(name("behind a head alone"), at, "", lost).listen(Listen::Head).then(then),
            ]);
        }
    }
    for at in [At::First, At::Middle, At::Last] {
        for (how, listen) in [("at the head", Listen::Head), ("in the middle", Listen::Half)] {
            for (end, then) in [
                ("goes on reading", Then::Keep),
                ("closes", Then::Close),
                ("half closes", Then::HalfClose),
                ("resets", Then::Reset),
                ("falls silent", Then::Stall),
            ] {
                let name = format!("refuses {how} of a fragment and {end} ({at:?})");
                let case = bad(name, at, REFUSAL, Forbidden).listen(listen).then(then);
                // Nothing tells that this connection is of no use, and Cancel-Session is not tried for long.
                all.push(if then == Then::Stall { case.cancelled(false) } else { case });
            }
            let name = format!("closed {how} of a fragment, once ({at:?})");
            all.push(passing(name, at, "").listen(listen).then(Then::Close));
        }
        let reset = passing(format!("a good answer, then reset ({at:?})"), at, taken(""));
        all.push(Case { takes: true, ..reset.then(Then::Reset) });
        all.push(good(format!("a good answer, then silence ({at:?})"), at, taken("")).then(Then::Stall));
    }
    all.push(passing("503 with a wait of a year", At::Create, busy("31536000")).fails(Unavailable));
    all.push(passing("503 with a wait of no time", At::Middle, busy("0")));
    all.push(passing("503 with a negative wait", At::Middle, busy("-1")));
    all.push(passing("503 with a wait that is no number", At::Middle, busy("EVIL")));
    all.push(passing("503 with a wait in the past", At::Middle, busy("Thu, 01 Jan 1970 00:00:00 GMT")));
    all.push(passing("503 with a wait of 10^40 s", At::Middle, busy(&format!("1{}", "0".repeat(40)))));
    all.push(good("a good answer, then silence (Close)", At::Close, ack("")).then(Then::Stall));
    all
}

fn busy(wait: &str) -> String {
    head("503 EVIL", &format!("Content-Length: 0\r\nRetry-After: {wait}\r\n"))
}
