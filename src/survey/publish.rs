//! When does a file appear, can it be read, is it replaced? And can a file have no bytes?

use super::content;
use super::scratch::Scratch;
use super::site::Site;
use super::talk::Seen;
use super::{Finding, Obstacle, Report, SMALL, Topic};
use crate::bits::{Ack, Destination, Verdict};
use crate::error::Problem;
use crate::route::ZeroLength;

/// Uploads a small file, looks when it appears, and uploads it once more.
pub(super) async fn ask<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<(), Obstacle> {
    let to = scratch.place()?;
    let begun = scratch.begin(site, &to).await?;
    let (mut talk, session) =
        begun.map_err(|ack| Obstacle::new(format!("a second Create-Session was answered {ack}")))?;
    scratch.wrote(&to);
    let sent = talk.fragment(&session, 0, SMALL, SMALL).await?;
    let Verdict::Taken { reply_url, .. } = &sent.ack.verdict else {
        return Err(Obstacle::new(format!("a fragment of {SMALL} bytes was answered {}", sent.ack)));
    };
    if reply_url.is_some() {
        observe(&Finding::new(
            Topic::Reply,
            "an application behind the server replies: reply = \"forward\" passes that on",
        ));
    }
    let early = scratch.talk(site, &to).size().await?;
    let closed = talk.close(&session).await?;
    if closed.ack.verdict != Verdict::Done {
        return Err(Obstacle::new(format!("Close-Session was answered {}", closed.ack)));
    }
    scratch.closed(&session);
    let late = scratch.talk(site, &to).size().await?;
    let appears = match (early, late) {
        (Seen::There(_), _) => "with its last fragment, before Close-Session",
        (_, Seen::There(_)) => "with Close-Session",
        (_, Seen::Nothing) => {
            "not where it was sent to: an application takes it away, or reading is not allowed"
        }
        (_, Seen::Untold(_)) => "cannot be seen",
    };
    report.readable = late == Seen::There(Some(SMALL));
    let read = site.read(&to, scratch.patience()).await;
    let same = read.is_ok_and(|answer| answer.body == content::bytes(0, SMALL));
    let reading = match (late, same) {
        (Seen::There(_), true) => "HEAD and GET tell what is there, and it is what was sent".to_owned(),
        (Seen::There(Some(SMALL)), false) => "HEAD tells the size; GET does not give the file".to_owned(),
        (Seen::There(size), false) => format!("HEAD tells a size of {size:?} for a file of {SMALL} bytes"),
        (Seen::Nothing, _) => "HEAD says that nothing is there".to_owned(),
        (Seen::Untold(status), _) => format!("HEAD is answered {status}"),
    };
    observe(&Finding::new(Topic::Appears, appears));
    observe(&Finding::new(Topic::Reading, reading));
    let refused = once_more(site, scratch, &to).await?;
    report.replaces = Some(refused.is_none());
    observe(&Finding::new(Topic::Existing, refused.unwrap_or_else(|| "is replaced".to_owned())));
    Ok(())
}

/// Uploads a file that is there. If that is refused: where, and how.
async fn once_more<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    to: &Destination,
) -> Result<Option<String>, Obstacle> {
    let refused = |at: &str, ack: &Ack| Some(format!("is refused at {at} ({ack})"));
    let (mut talk, session) = match scratch.begin(site, to).await? {
        Ok(begun) => begun,
        Err(ack) => return Ok(refused("Create-Session", &ack)),
    };
    let sent = talk.fragment(&session, 0, SMALL, SMALL).await?;
    if !sent.is_taken() {
        return Ok(refused("the last fragment", &sent.ack));
    }
    let closed = talk.close(&session).await?;
    if closed.ack.verdict != Verdict::Done {
        return Ok(refused("Close-Session", &closed.ack));
    }
    scratch.closed(&session);
    Ok(None)
}

/// Uploads a file of no bytes.
pub(super) async fn ask_about_nothing<S: Site>(
    site: &S,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<(), Obstacle> {
    let to = scratch.place()?;
    let Ok((mut talk, session)) = scratch.begin(site, &to).await? else { return Ok(()) };
    scratch.wrote(&to);
    let text = match talk.close(&session).await {
        Ok(heard) if heard.ack.verdict == Verdict::Done => {
            scratch.closed(&session);
            match scratch.talk(site, &to).size().await? {
                Seen::There(_) => "Create-Session and Close-Session make one".to_owned(),
                Seen::Nothing if report.readable => {
                    report.zero_length = ZeroLength::Refuse;
                    "Close-Session is acknowledged, but nothing is stored".to_owned()
                }
                _ => "Close-Session is acknowledged; whether it is stored cannot be seen".to_owned(),
            }
        }
        Ok(heard) => {
            report.zero_length = ZeroLength::Refuse;
            let permanent =
                matches!(heard.ack.verdict, Verdict::Refused(problem) if problem != Problem::Unavailable);
            let how = if permanent { "is refused" } else { "failed" };
            format!("{how}: Close-Session was answered {}", heard.ack)
        }
        Err(why) => {
            report.zero_length = ZeroLength::Refuse;
            format!("failed: {why}")
        }
    };
    observe(&Finding::new(Topic::Empty, text));
    Ok(())
}
