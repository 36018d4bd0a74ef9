use super::*;

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
        ("Upload-Draft-Interop-Version: 999999999999999 | Upload-Complete: ?1", None),
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
fn a_part_is_not_stored_as_the_whole() {
    const SIX: &str = "Upload-Draft-Interop-Version: 6 | Upload-Complete: ?0";
    let fails = |text: &str, mode| created_in(text, mode).err();
    for (text, mode) in [
        (format!("PUT /a | {SIX}"), Mode::Off),
        (format!("PUT /a | {SIX} | Via: 1.1 proxy"), Mode::UnlessVia),
        (format!("PUT /a HTTP/1.0 | {SIX}"), Mode::On),
        ("PUT /a | Upload-Draft-Interop-Version: 3 | Upload-Incomplete: ?1".to_owned(), Mode::Off),
        ("PUT /a | Upload-Draft-Interop-Version: 99 | Upload-Complete: ?0".to_owned(), Mode::On),
        ("PUT /a | Upload-Complete: ?0".to_owned(), Mode::On),
        ("PUT /a | Upload-Incomplete: ?1".to_owned(), Mode::On),
    ] {
        assert_eq!(fails(&text, mode), Some(Problem::ResumptionOff), "{text}");
    }
}

fn created_in(text: &str, mode: Mode) -> Result<bool, Problem> {
    let creation = creation(&head(text), Some(5), mode, &Settings::default());
    creation.map(|creation| creation.is_some()).map_err(|failure| failure.problem)
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
