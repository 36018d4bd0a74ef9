//! Certificates of the server and the authority of its clients are swapped while uploads run: none fails.

use crate::authority::Authority;
use crate::client::{Hand, shown};
use crate::door::{Door, Form};
use crate::source::{Acks, Source};
use crate::support::{Backend, Proxy, Settings, signal, within};
use put2bits::limits::MIB;
use rustls::version::TLS13;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// Each replaces the authority of the clients, and the server's certificate twice.
const ROUNDS: usize = 11;

/// Who vouches for clients at the moment. An authority that somebody still shakes hands with is not taken away: that is
/// how those who renew do it, too.
struct Rounds {
    now: Cell<usize>,
    issuers: Vec<Authority>,
    /// Handshakes under way, by round.
    leases: RefCell<BTreeMap<usize, usize>>,
    left: Notify,
    is_over: Cell<bool>,
}

/// Somebody begins a connection with the certificate of this round.
struct Lease<'a> {
    rounds: &'a Rounds,
    round: usize,
}

impl Rounds {
    fn new() -> Rounds {
        let issuers: Vec<_> = (0..=ROUNDS).map(|_| Authority::new()).collect();
        for issuer in &issuers {
            issuer.issue("phone", &["phone.test"]);
        }
        let (leases, left) = (RefCell::default(), Notify::new());
        Rounds { now: Cell::new(0), issuers, leases, left, is_over: Cell::new(false) }
    }

    fn lease(&self) -> Lease<'_> {
        let round = self.now.get();
        *self.leases.borrow_mut().entry(round).or_default() += 1;
        Lease { rounds: self, round }
    }

    async fn until_left(&self, round: usize) {
        within("that nobody shows an old certificate", async {
            while self.leases.borrow().get(&round).is_some_and(|count| *count > 0) {
                self.left.notified().await;
            }
        })
        .await;
    }

    /// Writes the file of those who are believed.
    fn believe(&self, file: &std::path::Path, rounds: &[usize]) {
        let read = |round: &usize| fs::read_to_string(self.issuers[*round].file("ca.crt")).unwrap();
        let new = file.with_extension("new");
        fs::write(&new, rounds.iter().map(read).collect::<String>()).unwrap();
        fs::rename(new, file).unwrap();
    }
}

impl Lease<'_> {
    fn issuer(&self) -> &Authority {
        &self.rounds.issuers[self.round]
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        *self.rounds.leases.borrow_mut().get_mut(&self.round).unwrap() -= 1;
        self.rounds.left.notify_waiters();
        self.rounds.left.notify_one();
    }
}

/// Renews the server's certificate and has everything read again. Gives when a new connection sees it.
async fn renew(authority: &Authority, rounds: &Rounds, proxy: &Proxy) {
    let certificate = authority.issue("up", &["up.test"]);
    signal(proxy.pid(), "HUP");
    within("that the new certificate is shown", async {
        loop {
            let issuer = &rounds.issuers[rounds.now.get()];
            let hand = Hand::of(authority, &[&TLS13], Some((issuer, "phone")));
            if shown(&hand.connect(proxy.addr, "up.test").await.unwrap()) == certificate {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn no_upload_fails_and_who_comes_sees_what_is_new() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let (rounds, ca) = (Rc::new(Rounds::new()), authority.file("clients.crt"));
    rounds.believe(&ca, &[0]);
    let lines = format!("client_ca = '{}'", ca.display());
    let proxy = Settings::listeners(&authority.listener("up", &lines, &backend.url())).start().await;
    let (small, large) = (Source::new(300_000), Source::new(24 * MIB));
    let door = |two: bool, lease: &Lease<'_>| {
        Door::tls(proxy.addr, &authority).http(two).showing(lease.issuer(), "phone")
    };

    let plain = async |two: bool| {
        let mut stored = 0;
        while !rounds.is_over.get() {
            let lease = rounds.lease();
            let mut put = door(two, &lease).put_slowly(&format!("/plain-{two}"), &small, "1M");
            put.until_status(100).await;
            drop(lease);
            put.end().await.assert_status(201);
            stored += 1;
        }
        stored
    };
    let resumed = async |two: bool| {
        let mut stored = 0;
        while !rounds.is_over.get() {
            let path = format!("/resumed-{two}-{stored}");
            let (lease, mut acks) = (rounds.lease(), Acks::of(&backend));
            let mut put = door(two, &lease).begin(Form::Draft6, &path, &large, "4M");
            let upload = put.until_status(104).await.field("location").to_owned();
            drop(lease);
            acks.until(&path, MIB).await;
            put.kill();
            let lease = rounds.lease();
            let (offset, run) = door(!two, &lease).resume(Form::Draft6, &upload, &large).await;
            drop(lease);
            run.assert_status(201);
            assert!(offset >= MIB, "{offset}");
            backend.assert_stored(&path, large.file);
            stored += 1;
        }
        stored
    };
    let swap = async {
        for round in 0..ROUNDS {
            rounds.believe(&ca, &[round, round + 1]);
            renew(&authority, &rounds, &proxy).await;
            rounds.now.set(round + 1);
            rounds.until_left(round).await;
            rounds.believe(&ca, &[round + 1]);
            renew(&authority, &rounds, &proxy).await;
        }
        rounds.is_over.set(true);
    };
    let (_, a, b, c, d) = tokio::join!(swap, plain(false), plain(true), resumed(false), resumed(true));
    // How many there are depends on the machine.
    assert!([a, b, c, d].iter().all(|stored| *stored >= 1), "{a} {b} {c} {d}");
    assert!(!proxy.log_text().contains("cannot be read again"));

    // Who is not vouched for any more does not get in.
    let old = Door::tls(proxy.addr, &authority).http1().showing(&rounds.issuers[0], "phone");
    let run = old.put("/old", &small).await;
    assert!(run.exit != Some(0) && run.statuses().is_empty(), "{run:?}");
    door(true, &rounds.lease()).put("/new", &small).await.assert_status(201);
}
