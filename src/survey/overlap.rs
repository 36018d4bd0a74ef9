//! What becomes of a byte that comes twice?
//!
//! ```text
//!  sent      |-- A --|            taken, the offset is at its end
//!  again     |-- A --|            416: refused · 200: trimmed, appended, or written over
//!  half new      |-- B --|        the same
//!  rest              |--- C ---|  from wherever the server says
//!  read back: is it the file?
//! ```

use super::content;
use super::scratch::Scratch;
use super::site::Site;
use super::{Finding, Obstacle, Report, SMALL, Topic};
use crate::bits::{Overlap, SessionId, Verdict};
use crate::transfer::NoAnswer;

/// Size of the file, in bytes.
const TOTAL: u64 = 3 * SMALL;

/// Sends parts twice, and looks what became of the file.
pub(super) async fn ask<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<(), Obstacle> {
    let to = scratch.place()?;
    let (mut talk, session) = match scratch.begin(site, &to).await? {
        Ok(begun) => begun,
        Err(ack) => {
            let text = format!("not found out: Create-Session was answered {ack}");
            observe(&Finding::new(Topic::Overlap, text));
            return Ok(());
        }
    };
    let finished = repeat(&mut talk, &session).await;
    let (text, overlap) = match finished {
        Err(why) => (format!("not found out: {why}"), Overlap::Unknown),
        Ok(Repeated { always: true, whole: false, .. }) => {
            ("refuses them (416), by all its answers".to_owned(), Overlap::Refuse)
        }
        Ok(Repeated { whole: false, .. }) => (
            "takes a fragment that begins too early, and cannot be brought to the end of the file then"
                .to_owned(),
            Overlap::Append,
        ),
        Ok(Repeated { refused, always, whole: true }) => {
            let closed = talk.close(&session).await;
            scratch.wrote(&to);
            if closed.is_ok_and(|heard| heard.ack.verdict == Verdict::Done) {
                scratch.closed(&session);
            }
            judge(refused, always, site.read(&to, scratch.patience()).await)
        }
    };
    report.overlap = overlap;
    observe(&Finding::new(Topic::Overlap, text));
    Ok(())
}

/// What came of sending parts twice.
struct Repeated {
    /// The same fragment a second time was answered 416.
    refused: bool,
    /// One of which half was new, too.
    always: bool,
    /// The server says that it has the whole file.
    whole: bool,
}

async fn repeat<W: crate::transfer::Backend>(
    talk: &mut super::talk::Talk<W>,
    session: &SessionId,
) -> Result<Repeated, String> {
    let lost = |why: NoAnswer| why.to_string();
    let first = talk.fragment(session, 0, SMALL, TOTAL).await.map_err(lost)?;
    if first.next() != Some(SMALL) {
        return Err(format!("the first fragment was answered {}", first.ack));
    }
    let again = talk.fragment(session, 0, SMALL, TOTAL).await.map_err(lost)?;
    let refused = matches!(again.ack.verdict, Verdict::OutOfStep { next: Some(SMALL) });
    if !refused && again.next() != Some(SMALL) {
        return Err(format!("a fragment that it had was answered {}", again.ack));
    }
    let half = talk.fragment(session, SMALL / 2, SMALL / 2 + SMALL, TOTAL).await.map_err(lost)?;
    let next = half.next().filter(|next| (SMALL..TOTAL).contains(next));
    let next =
        next.ok_or_else(|| format!("a fragment of which it had one half was answered {}", half.ack))?;
    // Whoever takes what is half new has to show what became of it.
    let always = refused && matches!(half.ack.verdict, Verdict::OutOfStep { next: Some(SMALL) });
    let rest = talk.fragment(session, next, TOTAL, TOTAL).await.map_err(lost)?;
    Ok(Repeated { refused, always, whole: rest.is_taken() && rest.next().is_none_or(|next| next == TOTAL) })
}

/// The file tells what was done; where it cannot be read, only refusals are beyond doubt.
fn judge(refused: bool, always: bool, read: Result<crate::transfer::Answer, NoAnswer>) -> (String, Overlap) {
    let read = read.ok().filter(|answer| answer.status == http::StatusCode::OK);
    let sure = if read.is_some() { refused } else { always };
    match (read, sure) {
        (Some(answer), _) if answer.body != content::bytes(0, TOTAL) => {
            let text =
                format!("corrupts the file: {} bytes instead of {TOTAL}, or others", answer.body.len());
            (text, Overlap::Append)
        }
        (Some(_), true) => {
            ("refuses bytes that it has (416), and the file is right".to_owned(), Overlap::Refuse)
        }
        (Some(_), false) => ("drops bytes that it has, and the file is right".to_owned(), Overlap::Trim),
        (None, true) => {
            ("refuses bytes that it has (416); the file cannot be read back".to_owned(), Overlap::Refuse)
        }
        (None, false) => (
            "takes bytes that it has, and what it makes of them cannot be read back".to_owned(),
            Overlap::Unknown,
        ),
    }
}
