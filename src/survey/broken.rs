//! What becomes of half a fragment whose connection broke? And does a session outlive its connection at all?

use super::content;
use super::scratch::Scratch;
use super::site::Site;
use super::talk::Talk;
use super::{Finding, Obstacle, Report, SMALL, Topic};
use crate::bits::{ContentRange, Destination, Packet, SessionId, Verdict};
use std::time::Duration;
use tokio::time::sleep;

/// Size of the file, in bytes.
const TOTAL: u64 = 8 * SMALL;

/// Bytes that are announced, and the first of them that are sent.
const ANNOUNCED: u64 = 4 * SMALL;
const SENT: u64 = 2 * SMALL;

/// For the server to notice that a connection is gone.
const PAUSE: Duration = Duration::from_millis(500);

/// Breaks a connection in the middle of a fragment, and asks for the offset on another.
pub(super) async fn ask<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<(), Obstacle> {
    report.bound_to_connection = outlives(site, scratch, observe).await?.map(|outlives| !outlives);
    if report.bound_to_connection == Some(true) {
        observe(&Finding::new(Topic::Partial, "is gone with its session"));
        return Ok(());
    }
    let to = scratch.place()?;
    let Some((talk, session)) = begin(site, scratch, &to).await else {
        observe(&Finding::new(Topic::Partial, "not found out: no session could be begun"));
        return Ok(());
    };
    let range = ContentRange::new(SMALL, SMALL + ANNOUNCED, TOTAL);
    let Some(packet) = range.map(|range| Packet::Fragment { session: session.clone(), range }) else {
        return Ok(());
    };
    let half = content::bytes(SMALL, SMALL + SENT);
    let cut = site.break_off(&to, scratch.dialect(), &packet, half, scratch.patience()).await;
    drop(talk);
    let text = match cut {
        Err(why) => format!("not found out: {why}"),
        Ok(()) => {
            sleep(PAUSE).await;
            // One byte: the cheapest question for the offset.
            let mut talk = scratch.talk(site, &to);
            match talk.fragment(&session, SMALL, SMALL + 1, TOTAL).await {
                Err(why) => format!("not found out: {why}"),
                Ok(heard) => match heard.next() {
                    Some(next) if next > SMALL + 1 => {
                        report.keeps_partial = Some(true);
                        format!("{} of {SENT} bytes were kept", next - SMALL)
                    }
                    Some(_) => {
                        report.keeps_partial = Some(false);
                        "is thrown away: only whole fragments count".to_owned()
                    }
                    None => format!("not found out: the next fragment was answered {}", heard.ack),
                },
            }
        }
    };
    observe(&Finding::new(Topic::Partial, text));
    scratch.end(&mut scratch.talk(site, &to), &session).await;
    Ok(())
}

/// Whether a session can be gone on with on another connection.
async fn outlives<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    observe: &mut impl FnMut(&Finding),
) -> Result<Option<bool>, Obstacle> {
    let to = scratch.place()?;
    let Some((talk, session)) = begin(site, scratch, &to).await else { return Ok(None) };
    // Some servers serve one connection at a time.
    drop(talk);
    sleep(PAUSE).await;
    let heard = scratch.talk(site, &to).fragment(&session, SMALL, 2 * SMALL, TOTAL).await;
    let (outlives, text) = match heard {
        Ok(heard) if heard.is_taken() => (Some(true), "sessions outlive it".to_owned()),
        Ok(heard) if matches!(heard.ack.verdict, Verdict::SessionGone { .. }) => (
            Some(false),
            format!("sessions end with it: on another one, a fragment was answered {}", heard.ack),
        ),
        Ok(heard) => (None, format!("not found out: on another one, a fragment was answered {}", heard.ack)),
        Err(why) => (Some(false), format!("sessions end with it: on another one, {why}")),
    };
    observe(&Finding::new(Topic::Connection, text));
    match outlives {
        Some(false) => scratch.closed(&session),
        _ => scratch.end(&mut scratch.talk(site, &to), &session).await,
    }
    Ok(outlives)
}

/// A session with one fragment in it.
async fn begin<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    to: &Destination,
) -> Option<(Talk<S::Way>, SessionId)> {
    let (mut talk, session) = scratch.begin(site, to).await.ok()?.ok()?;
    // Whether it was taken shows with the next one.
    let _ = talk.fragment(&session, 0, SMALL, TOTAL).await;
    Some((talk, session))
}
