//! P8 at all doors at once: SIGTERM while uploads of both kinds run at each of them.

use crate::authority::Authority;
use crate::door::{Door, Form, address};
use crate::source::{Acks, Source};
use crate::support::{Backend, Proxy, Settings, signal};
use put2bits::limits::MIB;

struct House {
    authority: Authority,
    settings: Settings,
    proxy: Proxy,
}

impl House {
    async fn new(backend: &Backend) -> House {
        let authority = Authority::new();
        authority.issue("up", &["up.test"]);
        let text = format!(
            "listen = '127.0.0.1:0'\n[[listener]]\naddress = 'unix:{}'\n{}",
            authority.path("up.sock"),
            authority.listener("up", "", &backend.url())
        );
        let state = authority.file("state");
        let settings = Settings::listeners(&text).set("shutdown.grace", "1m").state_in(&state);
        let proxy = settings.clone().start().await;
        House { authority, settings, proxy }
    }

    /// Both versions of HTTP at each of its three doors.
    async fn doors(&self) -> Vec<Door> {
        let plain = Door::plain(address(&self.proxy, "http://").await);
        let tls = Door::tls(address(&self.proxy, "https://").await, &self.authority);
        let unix = Door::unix(&self.authority.path("up.sock"));
        [plain, tls, unix].iter().flat_map(|door| [door.clone().http1(), door.clone().http2()]).collect()
    }
}

#[tokio::test]
async fn who_cannot_resume_finishes_and_who_can_is_broken_off_and_goes_on() {
    let backend = Backend::new(&[], &[]);
    let mut house = House::new(&backend).await;
    let (short, long) = (Source::new(3 * MIB / 2), Source::new(32 * MIB));
    let (mut plain, mut resumed) = (Vec::new(), Vec::new());
    for (number, door) in house.doors().await.into_iter().enumerate() {
        let (one, other) = (format!("/plain-{number}"), format!("/resumed-{number}"));
        let acks = (Acks::of(&backend), Acks::of(&backend));
        let puts = (door.put_slowly(&one, &short, "300k"), door.begin(Form::Draft6, &other, &long, "2M"));
        plain.push((one, acks.0, puts.0));
        resumed.push((other, acks.1, puts.1));
    }
    let mut told = Vec::new();
    for ((one, acks_one, _), (other, acks_other, put)) in plain.iter_mut().zip(&mut resumed) {
        told.push((other.clone(), put.until_status(104).await.field("location").to_owned()));
        acks_one.until(one, 1).await;
        acks_other.until(other, 1).await;
    }
    signal(house.proxy.pid(), "TERM");
    for (path, _, put) in resumed {
        let run = put.end().await;
        // No answer, above all no 5xx: its system would give up.
        assert!(run.exit != Some(0) && run.statuses().iter().all(|status| *status < 200), "{path}: {run:?}");
    }
    for (path, _, put) in plain {
        put.end().await.assert_status(201);
        backend.assert_stored(&path, short.file);
    }
    assert_eq!(house.proxy.exit_code().await, Some(0));
    assert!(!house.authority.file("up.sock").exists());
    let stats = backend.stats();
    assert_eq!((stats.sessions_open, stats.sessions_cancelled), (told.len() as u64, 0));
    let rest = stats.bytes - told.len() as u64 * short.file.size;

    house.proxy = house.settings.clone().start().await;
    // At the next door, over another version.
    let mut doors = house.doors().await;
    doors.rotate_left(1);
    let mut sum = 0;
    for ((path, upload), door) in told.iter().zip(doors) {
        let (offset, run) = door.resume(Form::Draft6, upload, &long).await;
        run.assert_status(201);
        backend.assert_stored(path, long.file);
        sum += offset;
    }
    assert_eq!(sum, rest, "all that was received had been brought to the backend");
    assert_eq!(backend.stats().sessions_created, 2 * told.len() as u64);
}

#[tokio::test]
async fn after_sigkill_it_goes_on_over_the_other_version() {
    let backend = Backend::new(&[], &[]);
    let mut house = House::new(&backend).await;
    let source = Source::new(32 * MIB);
    let mut begun = Vec::new();
    for (number, door) in house.doors().await.into_iter().enumerate() {
        let path = format!("/{number}");
        let (acks, put) = (Acks::of(&backend), door.begin(Form::Draft6, &path, &source, "2M"));
        begun.push((path, acks, put));
    }
    let mut told = Vec::new();
    for (path, mut acks, mut put) in begun {
        let upload = put.until_status(104).await.field("location").to_owned();
        acks.until(&path, MIB).await;
        told.push((path, upload, put));
    }
    house.proxy.kill();
    house.proxy = house.settings.clone().start().await;
    let mut doors = house.doors().await;
    doors.rotate_left(1);
    for ((path, upload, put), door) in told.into_iter().zip(doors) {
        let run = put.end().await;
        assert!(run.exit != Some(0) && run.statuses().iter().all(|status| *status < 200), "{path}: {run:?}");
        door.resume(Form::Draft6, &upload, &source).await.1.assert_status(201);
        backend.assert_stored(&path, source.file);
    }
    assert_eq!(backend.stats().sessions_created, 6, "none began anew");
}
