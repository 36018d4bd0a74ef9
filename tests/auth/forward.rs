//! Another service decides.

use crate::authority::{Authority, Says};
use crate::support::{Backend, File, Settings, Tap, message};
use crate::{ALICE, bearer, guarded, put};
use std::time::{Duration, Instant};

const COPY: &str = "auth_copy = ['X-Auth-User', 'X-Auth-Group']";

#[tokio::test]
async fn it_is_told_what_it_needs_and_nothing_else() {
    let (backend, authority) = (Backend::new(&[], &[]), Authority::start(Says::user("alice")).await);
    let tap = Tap::before(backend.addr()).await;
    let lines = format!("profile = 'refuse'\n{}", authority.lines(COPY));
    let proxy = Settings::route(&tap.url(), &lines).start().await;
    let lines = format!(
        "{}Cookie: a=1\r\nCookie: b=2\r\nX-Other: s3cret\r\nX-Auth-User: root\r\n\
         X-Forwarded-Uri: /forged\r\nX-Forwarded-Method: GET\r\nX-Forwarded-For: 203.0.113.9\r\n",
        bearer(ALICE)
    );
    put(&proxy, "/f%20older/a.mov?x=1", &lines).await.assert_stored();
    let asked = authority.asked();
    let [question] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(question.line, "GET /check?key=s3cret-key HTTP/1.1");
    let field = |name: &str| question.fields.get(name).map(String::as_str);
    for (name, value) in [
        ("authorization", Some(bearer(ALICE).trim().split_once(": ").unwrap().1)),
        ("x-forwarded-method", Some("PUT")),
        ("x-forwarded-uri", Some("/f%20older/a.mov?x=1")),
        ("x-forwarded-host", Some(proxy.addr.to_string().as_str())),
        ("x-forwarded-proto", Some("http")),
        ("x-forwarded-for", Some("127.0.0.1")),
        ("cookie", Some("b=2")),
        ("x-other", None),
        ("x-auth-user", None),
        ("content-length", None),
        ("transfer-encoding", None),
    ] {
        assert_eq!(field(name), value, "{name}: {question:?}");
    }
    let packets = tap.requests().to_lowercase();
    assert!(packets.contains("\r\nx-auth-user: alice\r\n"), "{packets}");
    for other in ["root", "x-other", "x-forwarded", "s3cret"] {
        assert!(!packets.contains(other), "{other}: {packets}");
    }
    backend.assert_stored("/f%20older/a.mov", File::new(1000));
    assert_eq!(proxy.upload_line("/f%20older/a.mov").await["user"], "alice");
}

#[tokio::test]
async fn what_it_says_is_passed_on() {
    let (backend, authority) = (Backend::new(&[], &[]), Authority::start(Says::user("alice")).await);
    let proxy = guarded(
        &backend,
        &authority.lines("auth_copy = ['x-auth-user']\nauth_cache = '0s'\nauth_timeout = '300ms'"),
    )
    .await;
    let challenge = "WWW-Authenticate: Bearer realm=\"theirs\"\r\nSet-Cookie: s3cret=1\r\n";
    for (says, status, code) in [
        (Says::status("401 Who", challenge), 401, "unauthorized"),
        (Says::status("403 No", &format!("{challenge}X-Auth-User: mal\r\n")), 403, "access_denied"),
        (Says::status("302 Found", "Location: /login\r\n"), 503, "auth_unavailable"),
        (Says::status("404 Not Found", ""), 503, "auth_unavailable"),
        (Says::status("500 Oh", ""), 503, "auth_unavailable"),
        (Says::Nothing, 503, "auth_unavailable"),
        (Says::Closes, 503, "auth_unavailable"),
        (Says::Head("no HTTP at all".into()), 503, "auth_unavailable"),
    ] {
        authority.say(says.clone());
        let answer = put(&proxy, "/a", &bearer(ALICE)).await;
        answer.assert_problem(status, code);
        let theirs = (status == 401).then_some("Bearer realm=\"theirs\"");
        assert_eq!(
            (answer.header("www-authenticate"), answer.header("set-cookie")),
            (theirs, None),
            "{says:?}"
        );
    }
    assert!(authority.asked().iter().all(|question| question.line.starts_with("GET /check")), "no redirect");
    assert_eq!(backend.stats().sessions_created, 0);
    for success in ["200 OK", "204 No Content", "299 Yes"] {
        authority.say(Says::status(success, ""));
        put(&proxy, "/a", &bearer(ALICE)).await.assert_stored();
    }
    let is_it = |line: &serde_json::Value| line["error"] == "access_denied";
    let cause = proxy.line("who was refused", is_it).await["cause"].as_str().unwrap().to_owned();
    assert!(cause.ends_with("/check answers 403 (x-auth-user: \"mal\")"), "{cause}");
    let log = proxy.log_text();
    assert!(log.contains("it answers 302") && !log.contains("s3cret"), "{log}");
}

#[tokio::test]
async fn nobody_gets_in_when_it_is_away() {
    let backend = Backend::new(&[], &[]);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = guarded(&backend, &format!("auth = 'forward'\nauth_url = 'http://{free}/'")).await;
    let begun = Instant::now();
    for _ in 0..20 {
        put(&proxy, "/a", &bearer(ALICE)).await.assert_problem(503, "auth_unavailable");
    }
    let lines = proxy.log_text().lines().filter(|line| line.contains("lets nobody in")).count() as u64;
    assert!((1..=1 + begun.elapsed().as_secs() / 10).contains(&lines), "{lines} lines");
    let line = proxy.line("why", |line| message(line).contains("lets nobody in")).await;
    assert!(line["level"] == "WARN" && line["times"] == 1, "{line}");
    assert_eq!(backend.stats().sessions_created, 0);
}

#[tokio::test]
async fn a_yes_holds_for_a_moment_and_for_the_same_question() {
    let (backend, authority) = (Backend::new(&[], &[]), Authority::start(Says::user("alice")).await);
    let proxy = guarded(&backend, &authority.lines("auth_cache = '2s'")).await;
    put(&proxy, "/a", &bearer(ALICE)).await.assert_stored();
    let begun = Instant::now();
    authority.say(Says::status("403 No", ""));
    let again = put(&proxy, "/a", &bearer(ALICE)).await;
    // A machine that is busy for two seconds shows nothing.
    if begun.elapsed() < Duration::from_secs(1) {
        again.assert_stored();
        assert_eq!(authority.asked().len(), 1);
    }
    put(&proxy, "/b", &bearer(ALICE)).await.assert_problem(403, "access_denied");
    put(&proxy, "/a", "").await.assert_problem(403, "access_denied");
    // What was kept is as old as `begun` at least; nothing tells when it is forgotten.
    tokio::time::sleep_until((begun + Duration::from_secs(2)).into()).await;
    put(&proxy, "/a", &bearer(ALICE)).await.assert_problem(403, "access_denied");
}
