mod creation;
mod resource;

use super::*;
use crate::resumable::{Mode, Settings, Version};
use http::request::Parts;
use http::{Method, Request};
use proptest::prelude::*;
use std::fmt::Write as _;

/// A head written like on the wire: a request line, then fields, between `|`. Blanks around them are ignored.
fn head(text: &str) -> Parts {
    let mut lines = text.split('|').map(str::trim).filter(|line| !line.is_empty());
    let mut words = lines.next().unwrap().split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let version =
        if words.next() == Some("HTTP/1.0") { http::Version::HTTP_10 } else { http::Version::HTTP_11 };
    let mut request = Request::builder().method(method).uri(target).version(version);
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        request = request.header(name, value.trim());
    }
    request.body(()).unwrap().into_parts().0
}

fn v(name: &str) -> &'static Version {
    Version::named(name).unwrap()
}

fn settings() -> Settings {
    Settings { rfc: true, ..Settings::default() }
}

/// The fields by which a client of that version says its number and whether this is all.
fn fields(version: &Version, complete: bool) -> String {
    let mut fields = String::new();
    if let Some(interop) = version.interop {
        write!(fields, "| Upload-Draft-Interop-Version: {interop} ").unwrap();
    }
    let flag = match (version.name(), complete) {
        ("3", true) => "Upload-Incomplete: ?0",
        ("3", false) => "Upload-Incomplete: ?1",
        (_, true) => "Upload-Complete: ?1",
        (_, false) => "Upload-Complete: ?0",
    };
    write!(fields, "| {flag} ").unwrap();
    fields
}

/// Details stand behind a code in the log, so they are clauses: no full stop, no capital but of a name.
#[track_caller]
fn assert_clause(detail: &str) {
    let first = detail.split(' ').next().unwrap();
    let is_name = first.contains('-') || Method::from_bytes(first.as_bytes()).is_ok();
    assert!(is_name || !first.starts_with(char::is_uppercase), "{detail}");
    assert!(!detail.ends_with('.') && !detail.contains(". "), "{detail}");
}

#[track_caller]
fn problem<T>(result: Result<T, Failure>) -> Result<T, Problem> {
    result.map_err(|failure| {
        assert_clause(&failure.detail);
        failure.problem
    })
}

/// Values that are meant, nearly meant, and anything.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["?0", "?1", "3", "4", "5", "6", "7", "8", "0", "100", "999999999999999"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => "[?0-9;=., a-z\"():@%-]{0,20}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>().prop_filter("a header takes it", |byte| *byte >= 32 && *byte != 127), 0..20),
    ]
}

fn any_head() -> impl Strategy<Value = Parts> {
    let method = prop::sample::select(vec!["PUT", "POST", "HEAD", "GET", "PATCH", "DELETE", "OPTIONS", "X"]);
    let name = prop::sample::select(vec![
        "upload-draft-interop-version",
        "upload-draft-interop-version",
        "upload-complete",
        "upload-incomplete",
        "upload-offset",
        "upload-length",
        "content-type",
        "via",
    ]);
    let field = prop_oneof![
        9 => (name, value()),
        1 => Just(("content-type", b"application/partial-upload".to_vec())),
    ];
    (method, prop::collection::vec(field, 0..8)).prop_map(|(method, fields)| {
        let mut request = Request::builder().method(method).uri("/u/1");
        for (name, value) in fields {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    })
}

proptest! {
    #[test]
    fn no_head_panics_and_what_is_read_makes_sense(
        head in any_head(),
        content in prop_oneof![Just(None), (0u64..200).prop_map(Some), any::<u64>().prop_map(Some)],
        mode in prop::sample::select(vec![Mode::On, Mode::Off, Mode::UnlessVia]),
        rfc: bool,
        created in prop::sample::select(Version::ALL.iter().collect::<Vec<_>>()),
    ) {
        let settings = Settings { rfc, ..Settings::default() };
        match problem(creation(&head, content, mode, &settings)) {
            Ok(Some(creation)) => {
                prop_assert!(mode != Mode::Off);
                prop_assert!(rfc || creation.version.interop.is_some());
                if creation.complete && content.is_some() {
                    prop_assert_eq!(creation.length, content);
                }
                // A byte may only come when the size is known, and no byte beyond it.
                prop_assert!(content == Some(0) || creation.length >= Some(content.unwrap_or(0)));
            }
            Ok(None) => {}
            Err(problem) => {
                let is_off = problem == Problem::ResumptionOff;
                prop_assert!(is_off || problem.row().status.is_client_error());
            }
        }
        match problem(on_resource(&head, content, created)) {
            Ok(OnResource::Append(append)) => {
                prop_assert_eq!(head.method, Method::PATCH);
                prop_assert_eq!(append.content, content);
                let end = append.offset.checked_add(content.unwrap_or(0));
                prop_assert!(end.is_some_and(|end| append.length.is_none_or(|length| end <= length)));
            }
            Ok(_) => prop_assert_ne!(head.method, Method::PATCH),
            Err(problem) => prop_assert!(problem.row().status.is_client_error()),
        }
    }
}
