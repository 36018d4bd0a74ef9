//! Files of tokens and users.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use put2bits::access::{Guard, Peer, Visit};
use put2bits::error::Problem;
use put2bits::guard::Guards;
use put2bits::route::{Auth, BackendUrl, Route, Routes};
use std::path::Path;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Stands in the seeds wherever somebody may put a secret by mistake.
const MARKER: &str = "s3cret";

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

pub(crate) fn run(input: &[u8]) -> bool {
    let file = FOLDER.with(|folder| folder.path().join("hashes"));
    std::fs::write(&file, input).expect("a file");
    let tokens = check(Auth::Bearer(file.clone()), &file, "Bearer s3cret-that-nobody-has-been-given");
    // With a user and a password it would be worked out, which takes its time: no user is tried.
    let users = check(Auth::Basic(file.clone()), &file, "Basic s3cret");
    tokens || users
}

/// Whether the file can be used.
fn check(auth: Auth, file: &Path, wrong: &str) -> bool {
    let mut route = Route::new("/", BackendUrl::parse("http://iis/").expect("a URL"));
    route.auth = auth;
    let guards = match Guards::new(&Routes::new(vec![route.clone()])) {
        Ok(guards) => guards,
        Err(error) => {
            let told = error.to_string();
            let place = file.display().to_string();
            assert!(told.contains(&place) && told.lines().count() == 1, "{told}");
            assert!(!told.contains(MARKER), "{told}");
            return false;
        }
    };
    for credentials in [None, Some(wrong)] {
        let mut head: Parts = Request::new(()).into_parts().0;
        head.headers = HeaderMap::new();
        if let Some(text) = credentials {
            head.headers.insert("authorization", HeaderValue::from_str(text).expect("a value"));
        }
        let peer = Peer::plain(([192, 0, 2, 1], 7).into());
        let visit = Visit { peer: &peer, client: peer.address, route: &route, uri: "/a", head: &head };
        let denied =
            RUNTIME.with(|runtime| runtime.block_on(guards.admit(visit))).expect_err("nobody gets in");
        assert_eq!(denied.failure.problem, Problem::Unauthorized);
    }
    true
}
