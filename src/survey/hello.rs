//! Does it answer, to which verb, and whom does it let in?

use super::scratch::Scratch;
use super::site::Site;
use super::talk::{Heard, Seen};
use super::{Finding, Obstacle, Plan, Report, Topic};
use crate::bits::{Dialect, GuidCase, Verb, Verdict, header};
use crate::error::Problem;
use http::StatusCode;

/// Begins a session in whichever way the server wants it written, and cancels it.
pub(super) async fn ask<S: Site>(
    site: &S,
    plan: &Plan,
    scratch: &mut Scratch,
    report: &mut Report,
    observe: &mut impl FnMut(&Finding),
) -> Result<Dialect, Obstacle> {
    let to = scratch.place()?;
    let seen = scratch.talk(site, &to).size().await?;
    if seen == Seen::Untold(StatusCode::UNAUTHORIZED) {
        observe(&Finding::new(Topic::Auth, "HEAD without the right credentials is answered 401"));
    }
    let mut refusal = None;
    for dialect in dialects(&plan.server.dialect) {
        scratch.speak(dialect.clone());
        let mut talk = scratch.talk(site, &to);
        let heard = talk.create().await?;
        if refusal.is_none() {
            report.server = heard.server();
            let name = report.server.as_deref().unwrap_or("it does not say what it is");
            observe(&Finding::new(Topic::Reached, name));
        }
        match &heard.ack.verdict {
            Verdict::Created(session) => {
                scratch.opened(&to, session);
                (report.verb, report.guid) = (dialect.verb, dialect.guid);
                observe(&Finding::new(Topic::Verb, spoken(&dialect)));
                if let Some(node) = heard.answer.headers.get(header::HOST_ID) {
                    let node = String::from_utf8_lossy(node.as_bytes());
                    let text = format!("asks to go on at its node {node:?}: see host_id of [[backend]]");
                    observe(&Finding::new(Topic::Node, text));
                }
                scratch.end(&mut talk, session).await;
                return Ok(dialect);
            }
            verdict if may_be_a_matter_of_writing(verdict) => {
                refusal.get_or_insert(heard);
            }
            _ => return Err(explain(&heard)),
        }
    }
    Err(refusal.map_or_else(|| Obstacle::new("nothing was asked"), |heard| explain(&heard)))
}

/// Ways to write packets, in the order in which they are tried: the configured one, then what else servers are known to
/// want.
pub fn dialects(configured: &Dialect) -> Vec<Dialect> {
    let verbs = match configured.verb {
        Verb::Native => [Verb::Native, Verb::Override],
        Verb::Override => [Verb::Override, Verb::Native],
    };
    let cases = match configured.guid {
        GuidCase::Lower => [GuidCase::Lower, GuidCase::Upper],
        GuidCase::Upper => [GuidCase::Upper, GuidCase::Lower],
    };
    let both = cases.into_iter().flat_map(|guid| verbs.map(|verb| (verb, guid)));
    both.map(|(verb, guid)| Dialect { verb, guid, ..configured.clone() }).collect()
}

fn spoken(dialect: &Dialect) -> String {
    let verb = match dialect.verb {
        Verb::Native => "BITS_POST",
        Verb::Override => "POST with X-Http-Method-Override (BITS_POST is blocked)",
    };
    match dialect.guid {
        GuidCase::Lower => verb.to_owned(),
        GuidCase::Upper => format!("{verb}, with the GUID of the protocol in upper case"),
    }
}

/// Whether the same packet may be taken if it is written in another way.
fn may_be_a_matter_of_writing(verdict: &Verdict) -> bool {
    let problems =
        [Problem::NotBits, Problem::BackendProtocol, Problem::BackendRefused, Problem::UploadsDisabled];
    matches!(verdict, Verdict::Refused(problem) if problems.contains(problem))
}

/// What a refused Create-Session means, for whoever runs the server.
fn explain(heard: &Heard) -> Obstacle {
    let ack = &heard.ack;
    let is_iis = heard.server().is_some_and(|name| name.starts_with("Microsoft-IIS"));
    let what = format!("Create-Session was answered {ack}");
    let Verdict::Refused(problem) = ack.verdict else {
        return Obstacle::with(what, "the server is in trouble, or busy: try again later");
    };
    match (problem, ack.status.as_u16()) {
        (Problem::BackendAuth, _) => {
            let schemes = heard.schemes();
            let asked = if schemes.is_empty() { "no scheme".to_owned() } else { schemes.join(", ") };
            let windows = schemes.iter().any(|scheme| matches!(scheme.as_str(), "NTLM" | "Negotiate"));
            let hint = match windows {
                true => "give the account by --credentials windows --credentials-file FILE",
                false => "give them by --credentials basic or bearer and --credentials-file FILE",
            };
            Obstacle::with(what, format!("the server asks for credentials ({asked}): {hint}"))
        }
        (Problem::NotBits, 404) if is_iis => Obstacle::with(
            what,
            "IIS request filtering blocks BITS_POST: add it to allowed verbs; or BITS uploads are not enabled for this \
             folder; or the folder does not exist",
        ),
        (Problem::NotBits, 404) => Obstacle::with(
            what,
            "there is no such folder, or the server in front of it does not pass BITS_POST on",
        ),
        (Problem::NotBits, 405 | 501) => Obstacle::with(
            what,
            "the server, or something in front of it, does not allow the method BITS_POST: install and enable the BITS \
             server extension, and let the method through",
        ),
        (Problem::NotBits, 400) => {
            Obstacle::with(what, "something in front of the server does not understand the method BITS_POST")
        }
        (Problem::NotBits, _) => Obstacle::with(what, "that is no BITS server"),
        (Problem::BackendRedirect, _) => {
            let to = heard.answer.headers.get(http::header::LOCATION);
            let to = to.map_or("elsewhere".into(), |to| String::from_utf8_lossy(to.as_bytes()));
            Obstacle::with(
                what,
                format!("it redirects to {to}, and redirects are not followed: use that URL, if it is right"),
            )
        }
        // A sentence becomes a clause.
        (problem, _) => {
            let advice = problem.row().advice.trim_end_matches('.');
            let mut letters = advice.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            Obstacle::with(what, first.into_iter().chain(letters).collect::<String>())
        }
    }
}
