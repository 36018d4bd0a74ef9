//! All cases at once through one process.

use crate::case::{At, Case};
use crate::cases;
use crate::client::{End, LONGEST, Mode, upload};
use crate::peer::Peer;
use crate::support::{Proxy, Settings};
use crate::verdict::{MARK, describe};
use put2bits::limits::{KIB, MIB};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What all bodies together may hold.
const BUDGET: u64 = 32 * MIB;
/// The program without any upload, and what a connection and a head cost beside the budget.
const BASE: u64 = 48 * MIB;

/// Cases of both modes at once. Most of them wait, but for the few that keep both ends busy.
static TURNS: Semaphore = Semaphore::const_new(200);

/// Runs the table in that mode.
pub(crate) async fn all(mode: Mode) {
    let cases: HashMap<String, Case> =
        cases::all().into_iter().enumerate().map(|(number, case)| (format!("{number}.mov"), case)).collect();
    let peer = Arc::new(Peer::start(cases.clone()));
    let proxy = start(&peer).await;
    let uploads: Vec<_> = cases
        .into_iter()
        .map(|(name, case)| {
            let (peer, addr) = (Arc::clone(&peer), proxy.addr);
            tokio::spawn(async move {
                let _turn = TURNS.acquire().await;
                let end = upload(addr, &path(&name, &case), mode).await;
                check(&peer, &name, &case, mode, &end).await.map_err(|why| {
                    let act = describe(&case.act);
                    format!("{:?} \"{}\": {why}\n    the peer: {act}", case.at, case.name)
                })
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for upload in uploads {
        wrong.extend(upload.await.unwrap().err());
    }
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n"));

    // The same process takes the next file as if nothing had happened.
    match upload(proxy.addr, "/good.mov", mode).await {
        End::Answered(answer) => answer.assert_stored(),
        end => panic!("a good upload: {end:?}"),
    }
    assert_eq!(peer.strangers(), 0, "P10: somebody else was contacted");
    let memory = proxy.memory();
    println!("{mode:?}: {} MiB at most", memory.peak / MIB);
    assert!(memory.peak <= BASE + BUDGET, "P4: {} MiB", memory.peak / MIB);
    check_log(&proxy);
}

async fn start(peer: &Peer) -> Proxy {
    let addr = peer.addr;
    let mut routes = format!(
        "profile = 'refuse'\n[[route]]\npath = '/reply/'\nbackend = 'http://{addr}/reply/'\nprofile = 'refuse'\nreply = 'forward'\n"
    );
    for (name, addr) in &peer.greeters {
        routes += &format!("[[route]]\npath = '/{name}/'\nbackend = 'http://{addr}/'\nprofile = 'refuse'\n");
    }
    Settings::route(&format!("http://{addr}/"), &routes)
        .fragments_of(crate::case::FRAGMENT)
        .set("limits.memory", &BUDGET.to_string())
        .set("uploads.max_open_per_client", "1000")
        .set("retry.window", "6s")
        .set("retry.max_delay", "500ms")
        .set("timeouts.ack", "2s")
        .set("timeouts.final_ack", "2s")
        .set("timeouts.stall", "2s")
        .set("timeouts.cancel", "1s")
        .set("uploads.settle", "1s")
        .start()
        .await
}

fn path(name: &str, case: &Case) -> String {
    match case.at {
        At::Accept => format!("/{name}/{name}"),
        _ if case.fetched => format!("/reply/{name}"),
        _ => format!("/{name}"),
    }
}

async fn check(peer: &Peer, name: &str, case: &Case, mode: Mode, end: &End) -> Result<(), String> {
    case.judge(mode, end)?;
    // It is cancelled behind the client's back.
    let wanted = u32::from(case.is_cancelled(mode, end));
    let seen = match tokio::time::timeout(LONGEST, peer.seen(name, |seen| seen.cancels >= wanted)).await {
        Ok(seen) => seen,
        Err(_) => return Err("the session was not cancelled".to_owned()),
    };
    if let Some(foul) = seen.foul {
        return Err(foul.to_owned());
    }
    if case.at != At::Cancel {
        case.judge_strikes(&seen)?;
    }
    if wanted == 0 && seen.cancels > 0 {
        return Err("the session was cancelled".to_owned());
    }
    Ok(())
}

/// P14, P12: no panic, and each line of the log is one of its own making.
fn check_log(proxy: &Proxy) {
    let log = proxy.log_text();
    assert!(!log.contains("panicked"), "P14: {log}");
    for line in log.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(value.is_object(), "not a line of the program: {line}");
        assert!(line.len() < 4 * KIB as usize, "a line of {} bytes: {line:.300}", line.len());
        assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "control characters: {line:?}");
        assert!(!line.contains(MARK), "bytes of the peer in the log: {line}");
    }
}
