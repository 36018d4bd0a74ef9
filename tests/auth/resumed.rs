//! Uploads that are resumed belong to whoever began them, and a right that is withdrawn meanwhile counts.

use crate::authority::{Authority, Says};
use crate::phone::{Leaving, Phone, Progress};
use crate::support::{Backend, File, Proxy, within};
use crate::{ALICE, BOB, basic, bearer, guarded, put, read_again, tokens};
use put2bits::limits::MIB;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

fn file() -> File {
    File::new(2 * MIB)
}

/// The program with a file of tokens.
struct Setup {
    backend: Backend,
    proxy: Proxy,
    file: PathBuf,
    _dir: TempDir,
}

impl Setup {
    async fn new(of: &[(&str, &str)]) -> Setup {
        let (backend, dir) = (Backend::new(&["overlap=refuse"], &[]), tempfile::tempdir().unwrap());
        let file = dir.path().join("tokens");
        fs::write(&file, tokens(of)).unwrap();
        let proxy = guarded(&backend, &format!("auth = 'bearer'\nauth_file = '{}'", file.display())).await;
        Setup { backend, proxy, file, _dir: dir }
    }

    /// A phone with that token whose upload was broken off half-way.
    async fn broken(&self, token: (&str, &str)) -> Phone {
        broken(&self.backend, &self.proxy, &bearer(token)).await
    }

    /// The phone with another token.
    fn with(&self, phone: &Phone, token: (&str, &str)) -> Phone {
        let mut other = Phone::new(self.proxy.addr, "/a", file()).with(&bearer(token));
        other.url = phone.url.clone();
        other.told = phone.told;
        other
    }
}

async fn broken(backend: &Backend, proxy: &Proxy, lines: &str) -> Phone {
    let mut phone = Phone::new(proxy.addr, "/a", file()).with(lines);
    let mut going = phone.begin().await.unwrap();
    going.send_to(MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes > 0)).await;
    going.leave(Leaving::Closed);
    phone
}

fn unknown() -> Progress {
    Progress::Gone("upload_unknown".to_owned())
}

#[tokio::test]
async fn a_stolen_url_is_worth_nothing() {
    let setup = Setup::new(&[ALICE, BOB]).await;
    let mut phone = setup.broken(ALICE).await;
    let mut naked = Phone::new(setup.proxy.addr, "/a", file());
    naked.url = phone.url.clone();
    let mut guess = setup.with(&phone, ("alice", "s3cret-guess-of-a-token"));
    let mut bob = setup.with(&phone, BOB);
    for thief in [&mut naked, &mut guess, &mut bob] {
        assert_eq!(thief.ask().await, unknown());
        assert_eq!(thief.give_up().await, Some(404));
        let answer = thief.go_on().await.unwrap().finish().await.unwrap();
        answer.assert_problem(404, "upload_unknown");
        assert_eq!(answer.header("www-authenticate"), None, "{answer}");
    }
    // Also who has tried too often: that these are wrong is certain.
    for _ in 0..15 {
        assert_eq!(guess.ask().await, unknown());
    }
    // Exactly what is said of an upload that there is not.
    let mut other = setup.with(&phone, ALICE);
    other.url =
        phone.url.as_ref().map(|url| url.rsplit_once('/').unwrap().0.to_owned() + "/" + &"0".repeat(32));
    assert_eq!(other.ask().await, unknown());
    assert_eq!(phone.upload(None).await.status, 201);
    setup.backend.assert_stored("/a", file());
}

#[tokio::test]
async fn another_token_of_the_same_name_goes_on() {
    const NEW: (&str, &str) = ("alice", "s3cret-new-token-of-alice-01");
    let setup = Setup::new(&[ALICE]).await;
    let phone = setup.broken(ALICE).await;
    fs::write(&setup.file, tokens(&[NEW])).unwrap();
    read_again(&setup.proxy, 1).await;
    let mut old = setup.with(&phone, ALICE);
    assert_eq!(old.ask().await, unknown());
    let mut new = setup.with(&phone, NEW);
    assert_eq!(new.upload(None).await.status, 201);
    setup.backend.assert_stored("/a", file());
    assert_eq!(setup.proxy.upload_line("/a").await["user"], "alice");
}

#[tokio::test]
async fn a_token_that_is_withdrawn_under_way_publishes_nothing() {
    let setup = Setup::new(&[ALICE, BOB]).await;
    let mut phone = setup.broken(ALICE).await;
    phone.ask().await;
    let mut going = phone.go_on().await.unwrap();
    going.send_to(2 * MIB - 1000).await;
    fs::write(&setup.file, tokens(&[BOB])).unwrap();
    read_again(&setup.proxy, 1).await;
    let answer = within("the answer", going.finish()).await.unwrap();
    answer.assert_problem(403, "access_denied");
    within("the end of its session", setup.backend.wait_for(|stats| stats.sessions_open == 0)).await;
    assert!(!setup.backend.published().contains_key("/a"));
    let is_it = |line: &serde_json::Value| line["error"] == "access_denied";
    let line = setup.proxy.line("that it was refused", is_it).await;
    assert_eq!(
        (&line["user"], &line["cause"]),
        (&"alice".into(), &"the token is wrong, or not valid any more".into())
    );
    // It is over, also for somebody who gets the right back.
    fs::write(&setup.file, tokens(&[ALICE])).unwrap();
    read_again(&setup.proxy, 2).await;
    assert!(matches!(phone.ask().await, Progress::At { finished: false, .. }));
    let again = phone.go_on().await.unwrap().finish().await.unwrap();
    again.assert_problem(403, "access_denied");
}

#[tokio::test]
async fn while_the_authority_is_silent_an_upload_waits_for_it() {
    let backend = Backend::new(&["overlap=refuse"], &[]);
    let authority = Authority::start(Says::user("alice")).await;
    let more = "auth_copy = ['x-auth-user']\nauth_cache = '0s'";
    let proxy = guarded(&backend, &authority.lines(more)).await;
    let mut phone = broken(&backend, &proxy, &bearer(ALICE)).await;
    phone.ask().await;
    let mut going = phone.go_on().await.unwrap();
    going.send_to(2 * MIB - 1000).await;
    authority.say(Says::status("500 Oh", ""));
    // Broken off, not answered 503, after which its system would give up.
    assert!(within("the end", going.finish()).await.is_none());
    assert_eq!(phone.ask().await, Progress::Away, "nobody can say whose it is");
    assert!(!backend.published().contains_key("/a"));
    // Somebody else, by what the authority says.
    authority.say(Says::user("bob"));
    assert_eq!(phone.ask().await, unknown());
    authority.say(Says::user("alice"));
    // With other credentials, of the same one.
    let mut other = Phone::new(proxy.addr, "/a", file()).with(&bearer(BOB));
    other.url = phone.url.clone();
    assert_eq!(other.upload(None).await.status, 201);
    backend.assert_stored("/a", file());
    // It is asked about the file, and never hears the secret part of an upload's URL.
    let secret = phone.url.clone().unwrap().rsplit('/').next().unwrap().to_owned();
    let asked = authority.asked();
    assert!(asked.iter().all(|question| question.fields["x-forwarded-uri"] == "/a"), "{asked:?}");
    assert!(!format!("{asked:?}").contains(&secret));
    for method in ["PUT", "HEAD", "PATCH"] {
        assert!(asked.iter().any(|question| question.fields["x-forwarded-method"] == method), "{method}");
    }
    put(&proxy, "/b", &bearer(ALICE)).await.assert_stored();
}

#[tokio::test]
async fn guessers_learn_nothing_of_an_upload_however_often_they_try() {
    let (backend, dir) = (Backend::new(&["overlap=refuse"], &[]), tempfile::tempdir().unwrap());
    let file_of_users = dir.path().join("users");
    let line = |user: &str| format!("{user}:{}\n", bcrypt::hash(format!("s3cret-{user}"), 10).unwrap());
    fs::write(&file_of_users, line("alice") + &line("bob")).unwrap();
    let proxy =
        guarded(&backend, &format!("auth = 'basic'\nauth_file = '{}'", file_of_users.display())).await;
    let mut phone = broken(&backend, &proxy, &basic("alice", "s3cret-alice")).await;
    let shows = |lines: &str| {
        let mut thief = Phone::new(proxy.addr, "/a", file()).with(lines);
        thief.url = phone.url.clone();
        thief
    };
    let (mut bob, mut naked) = (shows(&basic("bob", "s3cret-guess")), shows(""));
    let mut alice = shows(&basic("alice", "s3cret-guess"));
    for number in 0..15 {
        // After ten nothing is worked out for them any more: what they say they are is enough.
        assert_eq!(bob.ask().await, unknown(), "{number}");
        assert_eq!(naked.ask().await, unknown(), "{number}");
    }
    assert_eq!(bob.give_up().await, Some(404));
    bob.go_on().await.unwrap().finish().await.unwrap().assert_problem(404, "upload_unknown");
    // This may be its owner, whose system is to come back.
    assert_eq!(alice.ask().await, Progress::Away);
    // Who is known is not disturbed.
    assert_eq!(phone.upload(None).await.status, 201);
    backend.assert_stored("/a", file());
}
