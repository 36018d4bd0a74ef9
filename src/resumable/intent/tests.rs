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

/// (version, complete, length), or nothing for a plain upload.
type Created = Option<(&'static str, bool, Option<u64>)>;

#[track_caller]
fn created(text: &str, content: Option<u64>) -> Result<Created, Problem> {
    let creation = problem(creation(&head(text), content, Mode::On, &settings()))?;
    Ok(creation.map(|creation| (creation.version.name(), creation.complete, creation.length)))
}

#[test]
fn creations_as_apple_sends_them() {
    const APP: &str = "| Content-Type: video/mp4 | Authorization: Bearer x | Accept: */* | Priority: u=3, i";
    for (fields, version) in [
        ("Upload-Draft-Interop-Version: 3 | Upload-Incomplete: ?0", "3"),
        ("Upload-Draft-Interop-Version: 5 | Upload-Complete: ?1", "5"),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: ?1", "6"),
    ] {
        for method in ["PUT", "POST"] {
            let text = format!("{method} /path {APP} | {fields}");
            let expected = Some((version, true, Some(486_285_949)));
            assert_eq!(created(&text, Some(486_285_949)), Ok(expected), "{text}");
        }
    }
}

#[test]
fn the_version_is_the_number_and_else_the_rfc() {
    for (fields, version) in [
        ("Upload-Draft-Interop-Version: 4 | Upload-Complete: ?1", Some("4")),
        ("Upload-Draft-Interop-Version: 7 | Upload-Complete: ?1", Some("7")),
        ("Upload-Draft-Interop-Version: 8 | Upload-Complete: ?1", Some("8")),
        ("Upload-Draft-Interop-Version: 6;a=b | Upload-Complete: ?1;c", Some("6")),
        // Other numbers: nobody knows what they mean.
        ("Upload-Draft-Interop-Version: 2 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 9 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 99 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 0 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: -6 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 262 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 999999999999999 | Upload-Complete: ?0", None),
        // Not a number: as if it were not there.
        ("Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: | Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: six | Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: 6.0 | Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: \"6\" | Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: 6, 6 | Upload-Complete: ?1", Some("rfc")),
        ("Upload-Draft-Interop-Version: 1000000000000000 | Upload-Complete: ?1", Some("rfc")),
        (
            "Upload-Draft-Interop-Version: 6 | Upload-Draft-Interop-Version: 6 | Upload-Complete: ?1",
            Some("rfc"),
        ),
        // The marker of another version, none, or one that says nothing: a plain upload.
        ("Upload-Draft-Interop-Version: 3 | Upload-Complete: ?1", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Incomplete: ?0", None),
        ("Upload-Incomplete: ?0", None),
        ("Upload-Draft-Interop-Version: 6", None),
        ("Upload-Draft-Interop-Version: 3", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: 1", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: ?2", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: true", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: ?1, ?1", None),
        ("Upload-Draft-Interop-Version: 6 | Upload-Complete: ?1 | Upload-Complete: ?1", None),
        ("Content-Type: video/mp4", None),
    ] {
        let expected = version.map(|version| (version, true, Some(5)));
        assert_eq!(created(&format!("PUT /a | {fields}"), Some(5)), Ok(expected), "{fields}");
    }
}

#[test]
fn modes_and_settings() {
    const SIX: &str = "Upload-Draft-Interop-Version: 6 | Upload-Complete: ?1";
    for (text, mode, rfc, offered) in [
        (format!("PUT /a | {SIX}"), Mode::On, false, true),
        (format!("PUT /a | {SIX}"), Mode::Off, false, false),
        (format!("PUT /a | {SIX}"), Mode::UnlessVia, false, true),
        (format!("PUT /a | {SIX} | Via: 1.1 proxy"), Mode::UnlessVia, false, false),
        (format!("PUT /a | {SIX} | Via:"), Mode::UnlessVia, false, false),
        (format!("PUT /a | {SIX} | Via: 1.1 proxy"), Mode::On, false, true),
        (format!("PUT /a HTTP/1.0 | {SIX}"), Mode::On, false, false),
        ("PUT /a | Upload-Complete: ?1".to_owned(), Mode::On, false, false),
        ("PUT /a | Upload-Complete: ?1".to_owned(), Mode::On, true, true),
    ] {
        let settings = Settings { rfc, ..Settings::default() };
        let creation = creation(&head(&text), Some(5), mode, &settings).unwrap();
        assert_eq!(creation.is_some(), offered, "{text} {mode:?} {rfc}");
    }
}

#[test]
fn lengths_of_creations_agree_in_every_version() {
    use Problem::{BadRequest, LengthMismatch, LengthRequired};
    for version in Version::ALL {
        for (complete, content, more, expected) in [
            (true, Some(5), "", Ok(Some(5))),
            (true, Some(0), "", Ok(Some(0))),
            (true, Some(5), "| Upload-Length: 5", Ok(Some(5))),
            (true, Some(5), "| Upload-Length: 6", Err(LengthMismatch)),
            (true, Some(5), "| Upload-Length: 4", Err(LengthMismatch)),
            (true, None, "| Upload-Length: 5", Ok(Some(5))),
            (true, None, "", Err(LengthRequired)),
            (false, Some(5), "| Upload-Length: 9", Ok(Some(9))),
            // The flag decides, not the length.
            (false, Some(5), "| Upload-Length: 5", Ok(Some(5))),
            (false, Some(5), "| Upload-Length: 4", Err(LengthMismatch)),
            (false, Some(0), "| Upload-Length: 9", Ok(Some(9))),
            (false, None, "| Upload-Length: 9", Ok(Some(9))),
            // BITS wants the size with the first byte.
            (false, Some(0), "", Ok(None)),
            (false, Some(5), "", Err(LengthRequired)),
            (false, None, "", Err(LengthRequired)),
            // Malformed: as if it were not there.
            (true, Some(5), "| Upload-Length: six", Ok(Some(5))),
            (true, Some(5), "| Upload-Length: -6", Ok(Some(5))),
            (true, Some(5), "| Upload-Length: 6 | Upload-Length: 6", Ok(Some(5))),
            (true, Some(5), "| Upload-Length: 1000000000000000", Ok(Some(5))),
            (false, Some(5), "| Upload-Length: 9.0", Err(LengthRequired)),
            // An append that went to the wrong place.
            (true, Some(5), "| Upload-Offset: 1", Err(BadRequest)),
            (true, Some(5), "| Upload-Offset: 0", Ok(Some(5))),
            (true, Some(5), "| Upload-Offset: one", Ok(Some(5))),
        ] {
            let text = format!("PUT /a {} {more}", fields(version, complete));
            let expected = expected.map(|length| Some((version.name(), complete, length)));
            assert_eq!(created(&text, content), expected, "{text} with {content:?}");
        }
    }
}

#[test]
fn an_unfinished_creation_is_told_what_to_send() {
    let text = format!("PUT /a {}", fields(v("6"), false));
    let failure = creation(&head(&text), Some(5), Mode::On, &settings()).unwrap_err();
    assert!(failure.detail.contains("BITS") && failure.detail.contains("Upload-Length"), "{failure}");
}

#[track_caller]
fn on(text: &str, content: Option<u64>, created: &str) -> Result<OnResource, Problem> {
    problem(on_resource(&head(text), content, v(created)))
}

#[test]
fn an_interrupted_upload_as_apple_goes_on_with_it() {
    const APP: &str = "| Authorization: Bearer x | Repr-Digest: sha-256=:AA==: | Accept: */*";
    for (version, head_fields, patch_fields) in [
        ("3", "| Content-Type: video/mp4", "| Upload-Incomplete: ?0 | Content-Type: video/mp4"),
        ("5", "| Content-Length: 0", "| Upload-Complete: ?1 | Content-Type: video/mp4"),
        (
            "6",
            "| Content-Length: 0 | Content-Type: video/mp4",
            "| Upload-Complete: ?1 | Content-Type: application/partial-upload",
        ),
    ] {
        let common = format!("/u/97213f15 {APP} | Upload-Draft-Interop-Version: {version}");
        let asked = on(&format!("HEAD {common} {head_fields}"), Some(0), version);
        assert_eq!(asked, Ok(OnResource::Offset(v(version))));
        let patch = format!("PATCH {common} | Upload-Offset: 87188440 {patch_fields}");
        let append = Append {
            version: v(version),
            offset: 87_188_440,
            complete: true,
            length: None,
            content: Some(399_097_509),
        };
        assert_eq!(on(&patch, Some(399_097_509), version), Ok(OnResource::Append(append)));
    }
}

#[test]
fn an_upload_may_go_on_in_another_version() {
    for (number, created, spoken) in [
        ("", "3", "3"),
        ("", "rfc", "rfc"),
        ("| Upload-Draft-Interop-Version: 6", "3", "6"),
        ("| Upload-Draft-Interop-Version: 3", "rfc", "3"),
        ("| Upload-Draft-Interop-Version: 99", "6", "6"),
        ("| Upload-Draft-Interop-Version: six", "5", "5"),
    ] {
        let text = format!("HEAD /u/1 {number}");
        assert_eq!(version(&head(&text).headers, v(created)), v(spoken), "{text}");
        assert_eq!(on(&text, None, created), Ok(OnResource::Offset(v(spoken))), "{text}");
    }
}

#[test]
fn methods() {
    use Problem::MethodNotAllowed;
    for created in Version::ALL {
        let get = if ["8", "rfc"].contains(&created.name()) {
            Ok(OnResource::Offset(created))
        } else {
            Err(MethodNotAllowed)
        };
        let allowed = allowed(created);
        assert_eq!(allowed.to_str().unwrap().contains("GET"), get.is_ok(), "{created:?}");
        for (method, expected) in [
            ("HEAD", Ok(OnResource::Offset(created))),
            ("GET", get),
            ("DELETE", Ok(OnResource::Cancel(created))),
            ("OPTIONS", Ok(OnResource::Capabilities)),
            ("PUT", Err(MethodNotAllowed)),
            ("POST", Err(MethodNotAllowed)),
            ("TRACE", Err(MethodNotAllowed)),
            ("BITS_POST", Err(MethodNotAllowed)),
            ("patch", Err(MethodNotAllowed)),
        ] {
            let refused = expected == Err(MethodNotAllowed);
            assert_eq!(on(&format!("{method} /u/1"), None, created.name()), expected, "{created:?} {method}");
            assert_eq!(allowed.to_str().unwrap().split(", ").any(|name| name == method), !refused);
        }
    }
}

#[test]
fn strange_fields_on_head_and_delete() {
    for version in Version::ALL {
        let strict = ["3", "4", "5", "6"].contains(&version.name());
        for (field, strange) in [
            ("Upload-Offset: 5", true),
            ("Upload-Length: 5", true),
            ("Upload-Complete: ?1", true),
            ("Upload-Incomplete: ?0", true),
            ("Upload-Offset: five", false),
            ("Upload-Complete: 1", false),
            ("Content-Length: 0", false),
            ("Upload-Limit: max-size=5", false),
        ] {
            for method in ["HEAD", "DELETE"] {
                let refused = on(&format!("{method} /u/1 | {field}"), None, version.name()).err();
                let expected = (strict && strange).then_some(Problem::BadRequest);
                assert_eq!(refused, expected, "{version:?} {method} {field}");
            }
        }
    }
}

/// What is refused with which problem, by versions from which to which.
#[test]
fn appends_are_checked_in_order() {
    use Problem::{BadRequest, LengthMismatch, MediaTypeRefused};
    const TYPE: &str = "| Content-Type: application/partial-upload";
    const ALL: [&str; 2] = ["3", "rfc"];
    for ([first, last], flag, more, content, expected) in [
        // Type, then offset, then flag.
        (["6", "rfc"], None, "", Some(5), Err(MediaTypeRefused)),
        (
            ["6", "rfc"],
            Some(true),
            "| Content-Type: video/mp4 | Upload-Offset: 5",
            Some(5),
            Err(MediaTypeRefused),
        ),
        (
            ["6", "rfc"],
            Some(true),
            "| Content-Type: application/partial-upload-2",
            None,
            Err(MediaTypeRefused),
        ),
        (["6", "rfc"], Some(true), "TYPE | Content-Type: video/mp4", None, Err(MediaTypeRefused)),
        (
            ["3", "5"],
            Some(true),
            "| Content-Type: video/mp4 | Upload-Offset: 5",
            Some(5),
            Ok((5, true, None)),
        ),
        (["3", "5"], Some(true), "| Upload-Offset: 5", Some(5), Ok((5, true, None))),
        (ALL, None, TYPE, Some(5), Err(BadRequest)),
        (ALL, Some(true), TYPE, Some(5), Err(BadRequest)),
        (ALL, Some(true), "TYPE | Upload-Offset: five", Some(5), Err(BadRequest)),
        (ALL, Some(true), "TYPE | Upload-Offset: -1", Some(5), Err(BadRequest)),
        (ALL, Some(true), "TYPE | Upload-Offset: 5.0", Some(5), Err(BadRequest)),
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Offset: 5", Some(5), Err(BadRequest)),
        (ALL, Some(true), "TYPE | Upload-Offset: 1000000000000000", Some(5), Err(BadRequest)),
        (["6", "rfc"], None, "TYPE | Upload-Offset: 5", Some(5), Err(BadRequest)),
        (["3", "5"], None, "TYPE | Upload-Offset: 5", Some(5), Ok((5, true, None))),
        // What is well.
        (ALL, Some(true), "TYPE | Upload-Offset: 5", Some(5), Ok((5, true, None))),
        (ALL, Some(false), "TYPE | Upload-Offset: 5", Some(5), Ok((5, false, None))),
        (ALL, Some(true), "TYPE;a=b | Upload-Offset: 5;c=d", Some(5), Ok((5, true, None))),
        (
            ALL,
            Some(true),
            "| Content-Type: Application/Partial-Upload | Upload-Offset: 0",
            None,
            Ok((0, true, None)),
        ),
        (
            ALL,
            Some(true),
            "TYPE | Upload-Offset: 999999999999999",
            Some(0),
            Ok((999_999_999_999_999, true, None)),
        ),
        // Lengths, as far as the head alone tells.
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(4), Ok((5, true, Some(9)))),
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(3), Err(LengthMismatch)),
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(5), Err(LengthMismatch)),
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Length: 9", None, Ok((5, true, Some(9)))),
        (ALL, Some(false), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(3), Ok((5, false, Some(9)))),
        (ALL, Some(false), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(4), Ok((5, false, Some(9)))),
        (ALL, Some(false), "TYPE | Upload-Offset: 5 | Upload-Length: 9", Some(5), Err(LengthMismatch)),
        (ALL, Some(false), "TYPE | Upload-Offset: 10 | Upload-Length: 9", None, Err(LengthMismatch)),
        (ALL, Some(false), "TYPE | Upload-Offset: 1", Some(u64::MAX), Err(LengthMismatch)),
        (ALL, Some(true), "TYPE | Upload-Offset: 5 | Upload-Length: x", Some(5), Ok((5, true, None))),
    ] {
        let place = |name: &str| Version::ALL.iter().position(|version| version.name() == name).unwrap();
        for version in &Version::ALL[place(first)..=place(last)] {
            let flag = flag.map(|complete| fields(version, complete)).unwrap_or_default();
            let text = format!("PATCH /u/1 {flag} {}", more.replace("TYPE", TYPE));
            let expected = expected.map(|(offset, complete, length)| {
                OnResource::Append(Append { version, offset, complete, length, content })
            });
            assert_eq!(on(&text, content, version.name()), expected, "{version:?}: {text} with {content:?}");
        }
    }
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
            Err(problem) => prop_assert!(problem.row().status.is_client_error()),
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
