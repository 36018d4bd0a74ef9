use super::*;

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
