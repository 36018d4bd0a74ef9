//! The URL of an upload in other hands: it is as if there was no such upload, and its owner notices nothing.

use crate::authority::Authority;
use crate::door::{Door, Form, address};
use crate::judge::{self, Says};
use crate::source::{Acks, Source};
use crate::support::{Backend, Proxy, Settings};
use put2bits::guard::{token_line, user_line};
use put2bits::limits::MIB;
use std::fs;

const ALICE: &str = "Authorization: Bearer planted-token-of-alice-0123456789";
const BOB: &str = "Authorization: Bearer planted-token-of-bob-0123456789";

/// A proxy with a door for those with certificates, a door with TLS for all, one without TLS and a Unix socket.
struct House {
    authority: Authority,
    backend: Backend,
    proxy: Proxy,
    judge: judge::Authority,
}

impl House {
    async fn new() -> House {
        let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
        let judge = judge::Authority::start(Says::user("alice")).await;
        for name in ["phone-1", "phone-2", "up"] {
            authority.issue(name, &["up.test"]);
        }
        let token = |field: &str| field.rsplit(' ').next().unwrap().as_bytes().to_vec();
        let line = |name: &str, field: &str| token_line(name, &token(field)).unwrap();
        let tokens = format!("{}\n{}\n", line("alice", ALICE), line("bob", BOB));
        fs::write(authority.file("tokens"), tokens).unwrap();
        let line = |name: &str| user_line(name, b"planted-password").unwrap();
        fs::write(authority.file("users"), format!("{}\n{}\n", line("alice"), line("bob"))).unwrap();
        let route = |path: &str, lines: &str| {
            format!(
                "[[route]]\npath = '{path}'\nbackend = '{}'\nprofile = 'refuse'\n{lines}\n",
                backend.url()
            )
        };
        let pair = authority.pair("up");
        let text = [
            "listen = '127.0.0.1:0'\n".to_owned(),
            format!("[[listener]]\naddress = 'unix:{}'\n", authority.path("up.sock")),
            format!("[[listener]]\naddress = '127.0.0.1:0'\ncertificates = [{pair}]\n"),
            format!("client_auth = 'ask'\nclient_ca = '{}'\n", authority.path("ca.crt")),
            route("/certificate/", "auth = 'certificate'\nauth_names = ['phone-*']"),
            route("/bearer/", &format!("auth = 'bearer'\nauth_file = '{}'", authority.path("tokens"))),
            route("/basic/", &format!("auth = 'basic'\nauth_file = '{}'", authority.path("users"))),
            route("/forward/", &judge.lines("auth_copy = ['x-auth-user']\nauth_cache = '0s'")),
        ];
        let proxy = Settings::listeners(&text.concat()).start().await;
        House { authority, backend, proxy, judge }
    }

    async fn tls(&self) -> Door {
        Door::tls(address(&self.proxy, "https://").await, &self.authority)
    }

    async fn plain(&self) -> Door {
        Door::plain(address(&self.proxy, "http://").await)
    }

    fn unix(&self) -> Door {
        Door::unix(&self.authority.path("up.sock"))
    }

    /// Whoever has the URL, and nothing that makes it theirs.
    async fn strike(&self, upload: &str, thieves: &[Door], source: &Source) {
        for (number, thief) in thieves.iter().enumerate() {
            let thief = thief.clone().http(number % 2 == 1);
            thief.ask(Form::Draft6, upload).await.assert_unknown();
            thief.delete(Form::Draft6, upload).await.assert_unknown();
            thief.go_on(Form::Draft6, upload, source, &MIB.to_string()).end().await.assert_unknown();
        }
    }

    /// Thieves come while the owner sends, and while nobody does; then the owner's upload ends well.
    async fn try_all(&self, path: &str, owner: Door, thieves: &[Door]) {
        let (source, rest) = (Source::new(3 * MIB), Source::new(3 * MIB));
        // Without the prefix of its route.
        let (_, name) = path.rsplit_once('/').unwrap();
        let mut acks = Acks::of(&self.backend);
        let mut put = owner.clone().http2().begin(Form::Draft6, path, &source, "20M");
        let upload = put.until_status(104).await.field("location").to_owned();
        acks.until(&format!("/{name}"), 1).await;
        // It goes on when they are gone: so it is there all the time.
        self.backend.set_stalled(true);
        self.strike(&upload, thieves, &rest).await;
        self.backend.set_stalled(false);
        put.end().await.assert_status(201);
        self.backend.assert_stored(&format!("/{name}"), source.file);
        // Of one that is over, too.
        self.strike(&upload, thieves, &rest).await;
        owner.clone().http1().ask(Form::Draft6, &upload).await.assert_status(204);

        let (source, stored) = (Source::new(24 * MIB), format!("/{name}-2"));
        let mut acks = Acks::of(&self.backend);
        let mut put = owner.clone().http1().begin(Form::Draft6, &format!("{path}-2"), &source, "4M");
        let upload = put.until_status(104).await.field("location").to_owned();
        acks.until(&stored, MIB / 2).await;
        put.kill();
        self.strike(&upload, thieves, &rest).await;
        let (offset, run) = owner.http2().resume(Form::Draft6, &upload, &source).await;
        run.assert_status(201);
        assert!(offset >= MIB / 2, "{offset}");
        self.backend.assert_stored(&stored, source.file);
        assert_eq!(self.backend.stats().sessions_cancelled, 0);
    }
}

#[tokio::test]
async fn without_the_certificate_it_is_worth_nothing() {
    let house = House::new().await;
    let (tls, plain) = (house.tls().await, house.plain().await);
    let thieves = [
        tls.clone(),
        tls.clone().showing(&house.authority, "phone-2"),
        // One that the authority vouches for, under a name that may not upload here.
        tls.clone().showing(&house.authority, "up"),
        tls.clone().saying(ALICE),
        plain,
        house.unix(),
    ];
    house.try_all("/certificate/a", tls.showing(&house.authority, "phone-1"), &thieves).await;
}

#[tokio::test]
async fn without_the_token_it_is_worth_nothing() {
    let house = House::new().await;
    let (tls, plain) = (house.tls().await, house.plain().await);
    let thieves = [
        tls.clone(),
        tls.clone().saying(BOB),
        tls.clone().saying("Authorization: Bearer planted-guess-0123456789"),
        tls.clone().showing(&house.authority, "phone-1"),
        tls.clone().with(&["--user", "alice:planted-password"]),
        plain.clone(),
        plain.saying(BOB),
        house.unix(),
    ];
    house.try_all("/bearer/a", tls.saying(ALICE), &thieves).await;
}

#[tokio::test]
async fn without_the_password_it_is_worth_nothing() {
    let house = House::new().await;
    let (tls, plain) = (house.tls().await, house.plain().await);
    let user = |door: &Door, user: &str| door.clone().with(&["--user", user]);
    // Guesses are counted: after the tenth of a network there is no answer at all.
    let thieves = [
        tls.clone(),
        user(&tls, "bob:planted-password"),
        user(&tls, "alice:planted-guess"),
        tls.clone().saying(ALICE),
        user(&plain, "bob:planted-password"),
        house.unix(),
    ];
    house.try_all("/basic/a", user(&tls, "alice:planted-password"), &thieves).await;
}

/// The service that decides knows the thief, as somebody else; or lets nobody in.
#[tokio::test]
async fn as_somebody_else_it_is_worth_nothing() {
    let house = House::new().await;
    let (tls, source) = (house.tls().await, Source::new(24 * MIB));
    let mut acks = Acks::of(&house.backend);
    let mut put = tls.clone().http2().begin(Form::Draft6, "/forward/a", &source, "4M");
    let upload = put.until_status(104).await.field("location").to_owned();
    acks.until("/a", MIB / 2).await;
    put.kill();
    let thieves = [tls.clone(), house.plain().await, house.unix()];
    for says in [Says::user("bob"), Says::status("401 Who", ""), Says::status("403 No", "")] {
        house.judge.say(says);
        house.strike(&upload, &thieves, &source).await;
    }
    house.judge.say(Says::user("alice"));
    tls.http1().resume(Form::Draft6, &upload, &source).await.1.assert_status(201);
    house.backend.assert_stored("/a", source.file);
}
