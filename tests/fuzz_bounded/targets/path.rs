//! Targets of requests: a target, then the fields that may name the file.

use super::text;
use http::{HeaderMap, HeaderName, Uri};
use percent_encoding::percent_decode_str;
use put2bits::bits::Destination;
use put2bits::error::Problem;
use put2bits::route::{BackendUrl, MAX_TARGET, NameSource, Route, Routes};
use std::sync::LazyLock;

static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let routes = ["/", "/in/", "/in/deep%20er/", "/%69n2/a"].map(named);
    Routes::new(routes.into())
});

fn named(prefix: &str) -> Route {
    let mut route = Route::new(prefix, BackendUrl::parse("http://iis:81/up/").expect("a URL"));
    route.name = NameSource { header: Some(NAME), query: Some("n".into()) };
    route
}

/// What a client may call its file.
const NAME: HeaderName = HeaderName::from_static("x-name");

/// Takes what comes out at the backend once more.
static AGAIN: LazyLock<Route> = LazyLock::new(|| named("/up/"));

pub(crate) fn run(input: &[u8]) -> bool {
    let (target, headers) = text::head(input);
    let Ok(uri) = Uri::try_from(target) else { return false };
    let Some(route) = ROUTES.find(None, uri.path()) else { return false };
    match route.destination(&uri, &headers) {
        Ok(to) => {
            harmless(&to);
            let again = Uri::from(to.target.clone());
            // With its own name, or the last of the path would be looked at as one, too: ` web.config` is none.
            let own = HeaderMap::from_iter([(NAME, to.content_name.clone())]);
            let second = AGAIN.destination(&again, &own).expect("what was taken is taken again");
            assert_eq!(second.target, to.target, "one spelling, and that one stays");
            true
        }
        Err(failure) => {
            assert_eq!(failure.problem, Problem::BadPath, "{failure:?}");
            assert!(!failure.detail.is_empty());
            false
        }
    }
}

/// What holds for everything that is sent to the backend.
pub(super) fn harmless(to: &Destination) {
    let target = to.target.as_str();
    assert!(target.starts_with("/up/") && target.len() <= MAX_TARGET && to.target.query().is_none());
    assert!(target.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{target}");
    for name in target.split('/').skip(2) {
        let decoded = percent_decode_str(name).decode_utf8().expect("UTF-8");
        windows_file(&decoded);
        // Who decodes twice gets the same.
        assert_eq!(percent_decode_str(&decoded).decode_utf8().as_deref(), Ok(&*decoded), "{target}");
    }
    assert_eq!(to.host, "iis:81");
    let name = to.content_name.to_str().expect("ASCII");
    assert!(!name.is_empty() && name.len() <= 260, "{name}");
    windows_file(&percent_decode_str(name).decode_utf8().expect("UTF-8"));
}

/// A name that a Windows directory can hold, and no other one.
fn windows_file(name: &str) {
    assert!(!name.is_empty() && name != "." && name != ".." && !name.ends_with(['.', ' ']), "{name:?}");
    assert!(!name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '%']), "{name:?}");
    assert!(!name.contains(char::is_control), "{name:?}");
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    assert!(!["CON", "PRN", "AUX", "NUL", "COM1", "LPT1"].contains(&stem.as_str()), "{name:?}");
    assert!(!name.eq_ignore_ascii_case("web.config"), "{name:?}");
}
