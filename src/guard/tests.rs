//! Every kind of guard that needs nobody else, through the one door that all go through.

use super::*;
use crate::access::Peer;
use crate::route::{BackendUrl, Route};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, Request};
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;

const TOKEN: &str = "token-that-nobody-guesses";

/// A route that is guarded, and somebody who comes to it.
struct Setup {
    guards: Guards,
    route: Route,
    peer: Peer,
    _dir: TempDir,
}

impl Setup {
    fn new(auth: impl FnOnce(PathBuf) -> Auth, file: &str) -> Setup {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, file).unwrap();
        let mut route = Route::new("/", BackendUrl::parse("http://iis/").unwrap());
        route.auth = auth(path);
        let guards = Guards::new(&Routes::new(vec![route.clone()])).unwrap();
        Setup { guards, route, peer: Peer::plain(SocketAddr::from(([192, 0, 2, 1], 7))), _dir: dir }
    }

    fn bearer() -> Setup {
        Setup::new(Auth::Bearer, &token_line("alice", TOKEN.as_bytes()).unwrap())
    }

    async fn admit(&self, shown: Option<&str>) -> Result<Admitted, Denied> {
        self.guards.admit(self.visit(&head(AUTHORIZATION, shown))).await
    }

    fn visit<'a>(&'a self, head: &'a Parts) -> Visit<'a> {
        Visit { peer: &self.peer, client: self.peer.address, route: &self.route, host: None, uri: "/a", head }
    }
}

fn head(name: HeaderName, value: Option<&str>) -> Parts {
    let mut request = Request::put("/a");
    if let Some(value) = value {
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

/// The code of what a request is told, and its challenge.
fn told(result: Result<Admitted, Denied>) -> (&'static str, String) {
    match result {
        Ok(admitted) => ("in", admitted.user.unwrap_or_default()),
        Err(Denied { failure, challenges, .. }) => {
            let challenges =
                challenges.iter().map(|challenge| challenge.to_str().unwrap()).collect::<Vec<_>>();
            (failure.problem.code(), challenges.join(" | "))
        }
    }
}

fn basic_shown(text: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
}

#[tokio::test]
async fn tokens() {
    let setup = Setup::bearer();
    let challenge = ("unauthorized", r#"Bearer realm="put2bits""#.to_owned());
    for (shown, expected) in [
        (Some(format!("Bearer {TOKEN}")), ("in", "alice".to_owned())),
        (Some(format!("bearer {TOKEN}")), ("in", "alice".to_owned())),
        (Some(format!("Bearer {TOKEN}x")), challenge.clone()),
        (Some(TOKEN.to_owned()), challenge.clone()),
        (Some(basic_shown(&format!("alice:{TOKEN}"))), challenge.clone()),
        (None, challenge),
    ] {
        assert_eq!(told(setup.admit(shown.as_deref()).await), expected, "{shown:?}");
    }
    let admitted = setup.admit(Some(&format!("Bearer {TOKEN}"))).await.unwrap();
    assert_eq!(admitted.principal, Some(Principal::named("bearer", "alice")));
}

#[tokio::test]
async fn passwords() {
    let setup = Setup::new(Auth::Basic, &user_line("alice", b"secret").unwrap());
    let challenge = ("unauthorized", r#"Basic realm="put2bits", charset="UTF-8""#.to_owned());
    for (shown, expected) in [
        (Some(basic_shown("alice:secret")), ("in", "alice".to_owned())),
        (Some(basic_shown("alice:Secret")), challenge.clone()),
        (Some(basic_shown("eve:secret")), challenge.clone()),
        (Some("Basic !".to_owned()), challenge.clone()),
        (Some("Bearer secret".to_owned()), challenge.clone()),
        (None, challenge),
    ] {
        assert_eq!(told(setup.admit(shown.as_deref()).await), expected, "{shown:?}");
    }
}

#[tokio::test]
async fn certificates() {
    let names = vec![PeerName::parse("phone-*.example").unwrap(), PeerName::parse("Alice").unwrap()];
    let mut setup = Setup::new(|_| Auth::Certificate(names), "");
    let mut denied = Vec::new();
    for (names, expected) in [
        (&["CN", "phone-7.example"][..], ("in", "phone-7.example")),
        (&["alice"], ("in", "alice")),
        (&["phone-7.evil.example"], ("access_denied", "")),
        (&["1", "2", "3", "4", "5", "6", "7"], ("access_denied", "")),
        (&[], ("access_denied", "")),
    ] {
        setup.peer.names = names.iter().map(|name| (*name).to_owned()).collect();
        let result = setup.admit(None).await;
        denied.extend(result.as_ref().err().map(|denied| denied.failure.clone()));
        let told = told(result);
        assert_eq!((told.0, told.1.as_str()), expected, "{names:?}");
    }
    // The log says who may; the client is not told.
    for (failure, has) in
        denied.iter().zip([r#""phone-7.evil.example""#, r#""1", "2", "3", "4", "5" and 2 more"#, "no name"])
    {
        let cause =
            format!(r#"its certificate has {has}; auth_names of the route has "phone-*.example", "Alice""#);
        assert_eq!(failure.cause.as_ref(), Some(&cause));
        assert!(!failure.detail.contains("example"), "{failure}");
    }
    assert_eq!(denied.len(), 3);
    // It is no attempt, however often.
    for _ in 0..20 {
        assert_eq!(told(setup.admit(None).await).0, "access_denied");
    }
}

#[tokio::test]
async fn who_fails_too_often_waits_but_who_is_known_does_not() {
    let lines = [user_line("alice", b"secret").unwrap(), user_line("bob", b"secret").unwrap()].join("\n");
    let setup = Setup::new(Auth::Basic, &lines);
    let (alice, bob, wrong) =
        (basic_shown("alice:secret"), basic_shown("bob:secret"), basic_shown("alice:x"));
    assert_eq!(told(setup.admit(Some(&alice)).await).0, "in");
    for _ in 0..10 {
        assert_eq!(told(setup.admit(None).await).0, "unauthorized", "no attempt");
        assert_eq!(told(setup.admit(Some(&wrong)).await).0, "unauthorized");
    }
    let turned_away = setup.admit(Some(&wrong)).await.unwrap_err();
    assert!((1..=60).contains(&turned_away.failure.retry_after.unwrap()), "{turned_away:?}");
    assert_eq!(turned_away.failure.problem.code(), "too_many_attempts");
    // Nothing is hashed for somebody whose password is right but not known to be.
    assert_eq!(told(setup.admit(Some(&bob)).await).0, "too_many_attempts");
    assert_eq!(told(setup.admit(Some(&alice)).await).0, "in");
    // What was let in already is not disturbed by it.
    let begun = head(AUTHORIZATION, Some(&bob));
    assert_eq!(told(setup.guards.confirm(setup.visit(&begun)).await).0, "in");
    let elsewhere = SocketAddr::from(([198, 51, 100, 1], 7));
    let visit = Visit { client: elsewhere, ..setup.visit(&begun) };
    assert_eq!(told(setup.guards.admit(visit).await).0, "in");
}

#[tokio::test]
async fn a_right_token_gets_in_whatever_its_neighbours_do() {
    let setup = Setup::bearer();
    for number in 0..30 {
        let expected = if number < 10 { "unauthorized" } else { "too_many_attempts" };
        assert_eq!(told(setup.admit(Some("Bearer guess")).await).0, expected, "{number}");
        assert_eq!(told(setup.admit(Some(&format!("Bearer {TOKEN}"))).await).0, "in");
    }
    let wrong = head(AUTHORIZATION, Some("Bearer guess"));
    assert_eq!(told(setup.guards.confirm(setup.visit(&wrong)).await).0, "unauthorized");
}

#[tokio::test]
async fn routes_that_say_the_same_share_a_guard_and_open_ones_have_none() {
    let setup = Setup::bearer();
    let open = Route::new("/open/", BackendUrl::parse("http://iis/").unwrap());
    let other = Route { prefix: "/other/".into(), ..setup.route.clone() };
    let guards = Guards::new(&Routes::new(vec![open.clone(), other, setup.route.clone()])).unwrap();
    assert_eq!(guards.0.gates.len(), 1);
    assert!(guards.has_files());
    let nothing = head(AUTHORIZATION, None);
    let visit = Visit { route: &open, ..setup.visit(&nothing) };
    assert!(guards.admit(visit).await.unwrap().principal.is_none());
    // A route that nobody told it of is closed.
    let unknown = Guards::new(&Routes::default()).unwrap();
    assert_eq!(told(unknown.admit(setup.visit(&nothing)).await).0, "auth_unavailable");
    assert!(!unknown.has_files());
}

#[test]
fn nothing_secret_is_shown() {
    let setup = Setup::bearer();
    let shown = format!("{:?}", Admitted { user: None, ..known("bearer", "alice") });
    assert!(!shown.contains("alice"), "{shown}");
    assert!(!format!("{:?}", setup.guards).contains(TOKEN));
}

#[test]
fn lines_that_are_made_are_read() {
    let token = new_token().unwrap();
    assert!(token.len() == 43 && token != new_token().unwrap());
    let line = token_line("alice", token.as_bytes()).unwrap();
    assert_eq!(Tokens::parse(&line).unwrap().find(token.as_bytes(), SystemTime::now()), Some("alice"));
    for (name, token) in [("a b", TOKEN), ("", TOKEN), ("alice", "short")] {
        assert!(token_line(name, token.as_bytes()).is_err(), "{name} {token}");
    }
    for user in ["", "a:b", "#a", " a", "a\n"] {
        assert!(user_line(user, b"secret").is_err(), "{user:?}");
    }
}
