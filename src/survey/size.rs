//! How large may a fragment be?
//!
//! First the largest that is asked about; if it is refused, halving (by ratio) between what was taken and what was refused.

use super::scratch::Scratch;
use super::site::Site;
use super::talk::{Heard, Talk};
use super::{Finding, Obstacle, Plan, Report, SMALL, Topic};
use crate::bits::{Destination, SessionId, TooLarge, Verdict};
use crate::limits::KIB;
use crate::transfer::NoAnswer;
use bytesize::ByteSize;

/// Sizes that are tried at most, after the largest.
const TRIES: u32 = 8;

/// Narrower than this ratio (in eighths) need not be known: the proxy halves, too.
const NARROW: u64 = 9;

/// Sizes are multiples of this, in bytes.
const STEP: u64 = 4 * KIB;

/// Sends fragments of several sizes; the files are never finished.
pub(super) async fn ask<S: Site>(
    site: &S,
    plan: &Plan,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<(), Obstacle> {
    let (mut taken, mut refused) = (SMALL, None);
    let mut how = String::new();
    let mut size = plan.largest.max(SMALL);
    for _ in 0..=TRIES {
        match attempt(site, scratch, size).await? {
            Attempt::Taken => taken = size,
            Attempt::TooLarge(heard) => {
                how = words(&heard);
                refused = Some(size);
            }
            Attempt::Unclear(why) => {
                let taken = ByteSize(taken);
                let text = format!("{taken} is taken; of {} that cannot be said: {why}", ByteSize(size));
                observe(&Finding::new(Topic::Fragment, text));
                return Ok(());
            }
        }
        let Some(refused) = refused else { break };
        if refused * 8 <= taken * NARROW {
            break;
        }
        size = between(taken, refused);
    }
    report.fragment = taken;
    report.fragment_is_limited = refused.is_some();
    let text = match refused {
        Some(refused) => {
            format!("{} is taken, {} is refused with {how}", ByteSize(taken), ByteSize(refused))
        }
        None => format!("{} is taken; larger ones were not tried", ByteSize(taken)),
    };
    observe(&Finding::new(Topic::Fragment, text));
    Ok(())
}

/// Near the geometric mean, in whole steps, and never one of the two.
fn between(taken: u64, refused: u64) -> u64 {
    let mean = taken.saturating_mul(refused).isqrt() / STEP * STEP;
    mean.clamp(taken + STEP, refused.saturating_sub(STEP).max(taken + STEP))
}

enum Attempt {
    Taken,
    TooLarge(Box<Heard>),
    Unclear(String),
}

/// One fragment of that size, in a session of its own: a refusal may cost the connection, and with it the session.
async fn attempt<S: Site>(site: &S, scratch: &mut Scratch, size: u64) -> Result<Attempt, Obstacle> {
    let to: Destination = scratch.place()?;
    let (mut talk, session) = match scratch.begin(site, &to).await? {
        Ok(begun) => begun,
        Err(ack) => return Ok(Attempt::Unclear(format!("Create-Session was answered {ack}"))),
    };
    let attempt = judge(send(&mut talk, &session, size).await);
    scratch.end(&mut talk, &session).await;
    Ok(attempt)
}

/// One byte less than the file, so that it is not finished by it.
async fn send<W: crate::transfer::Backend>(
    talk: &mut Talk<W>,
    session: &SessionId,
    size: u64,
) -> Result<Heard, NoAnswer> {
    talk.fragment(session, 0, size, size + 1).await
}

fn judge(heard: Result<Heard, NoAnswer>) -> Attempt {
    match heard {
        Ok(heard) if heard.is_taken() => Attempt::Taken,
        Ok(heard) if matches!(heard.ack.verdict, Verdict::TooLarge(_)) => Attempt::TooLarge(Box::new(heard)),
        Ok(heard) => Attempt::Unclear(format!("it was answered {}", heard.ack)),
        Err(why) => Attempt::Unclear(why.to_string()),
    }
}

fn words(heard: &Heard) -> String {
    match heard.ack.verdict {
        Verdict::TooLarge(TooLarge::PerhapsFragment) => {
            format!("{} (so does the request filter of IIS: maxAllowedContentLength)", heard.ack)
        }
        Verdict::TooLarge(TooLarge::FileOrFragment) => format!("{} (the fragment, or the file)", heard.ack),
        _ => heard.ack.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_narrows_down() {
        for limit in [SMALL, 100 * KIB, 1 << 20, 5_000_000, 12 << 20, (16 << 20) - 1] {
            let (mut taken, mut refused, mut tries) = (SMALL, 16 << 20, 0);
            while refused * 8 > taken * NARROW && tries < TRIES {
                let size = between(taken, refused);
                assert!(size > taken && size <= refused.max(taken + STEP), "{size}");
                if size <= limit {
                    taken = size;
                } else {
                    refused = size;
                }
                tries += 1;
            }
            assert!(taken <= limit && limit < refused, "{taken} {limit} {refused}");
            assert!(refused <= taken * 2, "{taken} {refused}");
        }
    }
}
