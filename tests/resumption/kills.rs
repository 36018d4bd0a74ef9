//! P7 and P8: the proxy is killed, or restarted in order, at any moment of many uploads, and the files are right.

use crate::phone::{Phone, WORDS, digest};
use crate::random;
use crate::service::Service;
use crate::support::{Backend, File, PATIENCE, Settings, quirks, signal};
use crate::watch::Watch;
use put2bits::limits::{KIB, MIB};
use put2bits::mock::{Fault, MockConfig, Storage};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// So many uploads at a time.
const AT_ONCE: u64 = 8;

/// What is to be tried.
struct Case {
    profile: &'static str,
    quirks: &'static [&'static str],
    faults: &'static [&'static str],
    ends: Ends,
    /// What no server of that kind would do: let an upload begin anew.
    may_be_gone: bool,
}

/// How the lives of the proxy end, and how many at most.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// SIGKILL.
    Killed(u32),
    /// SIGTERM, and it ends by itself.
    InOrder(u32),
}

impl Ends {
    fn most(self) -> u32 {
        match self {
            Ends::Killed(most) | Ends::InOrder(most) => most,
        }
    }

    /// Bytes between two ends, at most; and how many uploads that needs.
    fn apart(self) -> (u64, u64) {
        match self {
            Ends::Killed(_) => (24 * MIB, 50),
            // What runs is brought to the backend before each.
            Ends::InOrder(_) => (2 * MIB, 120),
        }
    }

    async fn happen(self, service: &mut Service) {
        if let Ends::InOrder(_) = self {
            signal(service.proxy.pid(), "TERM");
            assert_eq!(service.proxy.exit_code().await, Some(0));
            service.next().await;
        } else {
            service.kill().await;
        }
    }
}

/// What came of it, over all uploads.
#[derive(Debug, Default)]
struct Sums {
    gone: Mutex<Vec<String>>,
    resumed: AtomicU32,
    finished: AtomicU32,
}

async fn run(case: Case) -> Arc<Backend> {
    let mut random = random();
    let (apart, uploads) = case.ends.apart();
    let backend = Arc::new(Backend::start(MockConfig {
        knobs: quirks(case.quirks),
        faults: case.faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect(),
        seed: random.u64(..),
        storage: Storage::Hash,
        ..MockConfig::default()
    }));
    // Such a server acknowledges more than whole fragments.
    let watch = (!case.quirks.contains(&"broken=keep")).then(|| Watch::over(&backend));
    let settings = Settings::to(&backend).set("profile", case.profile).set("fragment.max", "2MiB");
    let mut service = Service::start(settings.set("uploads.settle", "1s")).await;

    let sums = Arc::new(Sums::default());
    let mut phones = JoinSet::new();
    for first in 0..AT_ONCE {
        let (addr, mut random) = (service.addr, random.fork());
        let (backend, watch, sums) = (Arc::clone(&backend), watch.clone(), Arc::clone(&sums));
        phones.spawn(async move {
            for number in (first..uploads).step_by(AT_ONCE as usize) {
                let file = File::new(random.u64(300 * KIB..30 * MIB)).number(number);
                let words = WORDS[random.usize(..WORDS.len())];
                let mut phone = Phone::new(addr, &format!("/{number}"), file).speaking(words);
                if random.bool() {
                    phone = phone.with(&digest(file));
                }
                phone.upload(watch.as_ref()).await;
                // Never a false success: at this very moment it is there, and right.
                backend.assert_stored(&phone.path, file);
                sums.gone.lock().unwrap().extend(phone.gone.iter().map(|why| format!("{number}: {why}")));
                sums.resumed.fetch_add(phone.resumed, Ordering::Relaxed);
                sums.finished.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut ended = 0;
    while ended < case.ends.most() && sums.finished.load(Ordering::Relaxed) < uploads as u32 {
        let more = backend.stats().bytes_received + random.u64(0..apart);
        let moment = backend.wait_for(|stats| stats.bytes_received >= more);
        // The last ones may have too few bytes left for that.
        let _ = tokio::time::timeout(Duration::from_secs(1), moment).await;
        if random.bool() {
            // Between packets, too: a close, a pause, a start.
            tokio::time::sleep(Duration::from_micros(random.u64(0..30_000))).await;
        }
        case.ends.happen(&mut service).await;
        ended += 1;
    }
    let all = async {
        while let Some(done) = phones.join_next().await {
            done.unwrap();
        }
    };
    tokio::time::timeout(6 * PATIENCE, all).await.expect("an end");
    let (gone, resumed) = (sums.gone.lock().unwrap(), sums.resumed.load(Ordering::Relaxed));
    println!(
        "{}: {ended} ends, {resumed} times resumed, {} times begun anew; {}",
        case.profile,
        gone.len(),
        backend.stats()
    );
    assert!(matches!(case.ends, Ends::Killed(_)) || ended == case.ends.most(), "{ended} is too few");
    assert!(resumed > ended, "hardly anything was interrupted");
    assert!(case.may_be_gone || gone.is_empty(), "uploads were lost: {gone:?}");
    assert_eq!(backend.published().len() as u64, uploads);
    backend
}

#[tokio::test]
async fn a_server_that_refuses_what_it_has() {
    let case = Case {
        profile: "refuse",
        quirks: &["overlap=refuse"],
        faults: &[],
        ends: Ends::Killed(40),
        may_be_gone: false,
    };
    run(case).await;
}

#[tokio::test]
async fn a_server_that_keeps_what_came_of_a_broken_fragment() {
    let quirks = &["overlap=refuse", "broken=keep"];
    let faults = &["delay=20ms:close:p=0.5", "restart=keep:any:p=0.01"];
    run(Case { profile: "refuse", quirks, faults, ends: Ends::Killed(40), may_be_gone: false }).await;
}

#[tokio::test]
async fn a_server_that_trims() {
    let quirks = &["overlap=trim", "broken=keep"];
    let faults = &["delay=20ms:close:p=0.5", "drop-ack:fragment:p=0.02", "drop-ack:close:p=0.1"];
    run(Case { profile: "trim", quirks, faults, ends: Ends::Killed(40), may_be_gone: false }).await;
}

#[tokio::test]
async fn a_server_that_appends() {
    let quirks = &["overlap=append", "broken=keep"];
    run(Case {
        profile: "append",
        quirks,
        faults: &["restart=keep:any:p=0.01"],
        ends: Ends::Killed(20),
        may_be_gone: true,
    })
    .await;
}

#[tokio::test]
async fn a_server_that_nobody_knows() {
    let quirks = &["overlap=append"];
    let faults = &["delay=20ms:close:p=0.5", "drop-ack:close:p=0.1"];
    run(Case { profile: "unknown", quirks, faults, ends: Ends::Killed(20), may_be_gone: true }).await;
}

/// Such a server must not get a byte twice, so one acknowledged byte that was forgotten would lose its upload.
#[tokio::test]
async fn a_hundred_restarts_in_order_lose_no_acknowledged_byte() {
    let (ends, quirks) = (Ends::InOrder(100), &["overlap=append"]);
    let backend = run(Case { profile: "unknown", quirks, faults: &[], ends, may_be_gone: false }).await;
    let stored: u64 = backend.published().values().map(|file| file.length).sum();
    assert_eq!(backend.stats().bytes, stored, "nothing was sent twice");
}
