use super::*;
use http::Request;
use std::time::Duration;

const ANNOUNCED: Announced = Announced { max_size: 1000, age: Some(Duration::from_secs(60)) };

fn v(name: &str) -> &'static Version {
    Version::named(name).unwrap()
}

fn url() -> HeaderValue {
    HeaderValue::from_static("/u/1")
}

/// `name: value`, by name, between `|`.
fn shown(headers: &HeaderMap) -> String {
    let mut lines: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines.join(" | ")
}

/// What stands in the table of a test for the fields that every row would repeat.
fn expected(version: &Version, fields: &str) -> String {
    let mut lines: Vec<String> = fields
        .replace("LIMIT6", "upload-limit: min-size=0, max-size=1000, expires=60")
        .replace("LIMIT", "upload-limit: min-size=0, max-size=1000, max-age=60")
        .split(" | ")
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(interop) = version.interop {
        lines.push(format!("upload-draft-interop-version: {interop}"));
    }
    lines.sort();
    lines.join(" | ")
}

#[test]
fn the_104() {
    for (version, fields) in [
        ("3", "location: /u/1"),
        ("4", "location: /u/1"),
        ("5", "location: /u/1"),
        ("6", "location: /u/1 | LIMIT6"),
        ("7", "location: /u/1 | LIMIT"),
        ("8", "location: /u/1 | LIMIT"),
        ("rfc", "location: /u/1 | LIMIT"),
    ] {
        let version = v(version);
        let headers = supported(version, &url(), &ANNOUNCED);
        assert_eq!(shown(&headers), expected(version, fields), "{version:?}");
        // A later one tells the offset, and no place: it may come with a PATCH.
        let headers = progress(version, 7).map(|headers| shown(&headers));
        let tells = !["3", "4"].contains(&version.name());
        assert_eq!(headers, tells.then(|| expected(version, "upload-offset: 7")), "{version:?}");
    }
}

#[test]
fn the_answer_to_head() {
    const OF_ALL: &str = "cache-control: no-store | upload-offset: 7";
    for (version, unfinished, finished) in [
        ("3", "upload-incomplete: ?1", "upload-incomplete: ?0"),
        ("4", "upload-complete: ?0", "upload-complete: ?1"),
        ("5", "upload-complete: ?0", "upload-complete: ?1"),
        (
            "6",
            "upload-complete: ?0 | upload-length: 9 | LIMIT6",
            "upload-complete: ?1 | upload-length: 9 | LIMIT6",
        ),
        (
            "7",
            "upload-complete: ?0 | upload-length: 9 | LIMIT",
            "upload-complete: ?1 | upload-length: 9 | LIMIT",
        ),
        (
            "8",
            "upload-complete: ?0 | upload-length: 9 | LIMIT",
            "upload-complete: ?1 | upload-length: 9 | LIMIT",
        ),
        (
            "rfc",
            "upload-complete: ?0 | upload-length: 9 | LIMIT",
            "upload-complete: ?1 | upload-length: 9 | LIMIT",
        ),
    ] {
        let version = v(version);
        for (is_finished, fields) in [(false, unfinished), (true, finished)] {
            let told = Told { offset: 7, length: Some(9), finished: is_finished };
            let (status, headers) = offset(version, &told, &ANNOUNCED);
            assert_eq!(status, 204);
            assert_eq!(shown(&headers), expected(version, &format!("{OF_ALL} | {fields}")), "{version:?}");
            let (_, headers) = offset(version, &Told { length: None, ..told }, &ANNOUNCED);
            assert!(!headers.contains_key("upload-length"));
        }
    }
}

#[test]
fn a_part_that_is_not_the_last() {
    for (version, status, first, later) in [
        ("3", 201, "upload-incomplete: ?1", "upload-incomplete: ?1"),
        ("4", 201, "upload-complete: ?0", "upload-complete: ?0"),
        ("5", 201, "upload-complete: ?0", "upload-complete: ?0"),
        ("6", 201, "upload-complete: ?0 | LIMIT6", "upload-complete: ?0"),
        ("7", 204, "upload-complete: ?0 | LIMIT", "upload-complete: ?0"),
        ("8", 204, "upload-complete: ?0 | LIMIT", "upload-complete: ?0"),
        ("rfc", 204, "upload-complete: ?0 | LIMIT", "upload-complete: ?0"),
    ] {
        let version = v(version);
        let (created, headers) = part(version, Some(&url()), 7, &ANNOUNCED);
        assert_eq!(created, 201);
        let fields = format!("location: /u/1 | upload-offset: 7 | {first}");
        assert_eq!(shown(&headers), expected(version, &fields), "{version:?}");
        let (appended, headers) = part(version, None, 7, &ANNOUNCED);
        assert_eq!(appended.as_u16(), status, "{version:?}");
        assert_eq!(shown(&headers), expected(version, &format!("upload-offset: 7 | {later}")), "{version:?}");
    }
}

#[test]
fn the_final_answer() {
    for (version, created, appended, failed) in [
        ("3", "upload-incomplete: ?0 | location: /u/1", "upload-incomplete: ?0", ""),
        ("4", "upload-complete: ?1 | location: /u/1", "upload-complete: ?1", ""),
        ("5", "upload-complete: ?1 | location: /u/1", "upload-complete: ?1", ""),
        ("6", "upload-complete: ?1 | location: /u/1", "upload-complete: ?1", ""),
        ("7", "upload-complete: ?1 | location: /u/1", "upload-complete: ?1", "upload-complete: ?1"),
        ("8", "upload-complete: ?1", "upload-complete: ?1", "upload-complete: ?1"),
        ("rfc", "upload-complete: ?1", "upload-complete: ?1", "upload-complete: ?1"),
    ] {
        let version = v(version);
        let finished = |status: u16, created| {
            let mut headers = HeaderMap::new();
            headers.insert("x-resource-id", HeaderValue::from_static("1"));
            finish(version, StatusCode::from_u16(status).unwrap(), &mut headers, 9, created);
            shown(&headers)
        };
        let expected = |fields: &str| expected(version, &format!("{fields} | x-resource-id: 1"));
        let url = url();
        assert_eq!(
            finished(201, Some(&url)),
            expected(&format!("upload-offset: 9 | {created}")),
            "{version:?}"
        );
        assert_eq!(finished(201, None), expected(&format!("upload-offset: 9 | {appended}")), "{version:?}");
        for status in [400, 409, 502, 507] {
            assert_eq!(finished(status, Some(&url)), expected(failed), "{version:?}");
            assert_eq!(finished(status, None), expected(failed), "{version:?}");
        }
    }
}

#[test]
fn refusals() {
    use Problem::*;
    for (version, problem, current, fields) in [
        ("3", OffsetMismatch, Some(7), "upload-offset: 7 | upload-incomplete: ?1"),
        ("4", OffsetMismatch, Some(7), "upload-offset: 7 | upload-complete: ?0"),
        ("6", OffsetMismatch, Some(7), "upload-offset: 7 | upload-complete: ?0"),
        ("8", OffsetMismatch, Some(7), "upload-offset: 7 | upload-complete: ?0"),
        ("rfc", OffsetMismatch, Some(7), "upload-offset: 7 | upload-complete: ?0"),
        ("3", LengthMismatch, None, "upload-incomplete: ?1"),
        ("6", LengthMismatch, None, "upload-complete: ?0"),
        ("6", LengthMismatch, Some(7), "upload-offset: 7 | upload-complete: ?0"),
        ("3", UploadCompleted, Some(9), "upload-offset: 9 | upload-incomplete: ?0"),
        ("6", UploadCompleted, Some(9), "upload-offset: 9 | upload-complete: ?1"),
        ("rfc", UploadCompleted, Some(9), "upload-offset: 9 | upload-complete: ?1"),
        ("3", UploadUnknown, None, ""),
        ("6", UploadUnknown, None, ""),
        ("7", UploadUnknown, None, "upload-complete: ?0"),
        ("5", TooLarge, None, ""),
        ("6", TooLarge, None, "LIMIT6"),
        ("7", TooLarge, None, "LIMIT | upload-complete: ?0"),
        ("rfc", TooLarge, None, "LIMIT | upload-complete: ?0"),
        (
            "6",
            MediaTypeRefused,
            Some(7),
            "accept-patch: application/partial-upload | upload-offset: 7 | upload-complete: ?0",
        ),
        ("6", BadRequest, None, ""),
    ] {
        let version = v(version);
        let mut headers = HeaderMap::new();
        refuse(version, &mut headers, problem, current, &ANNOUNCED);
        assert_eq!(shown(&headers), expected(version, fields), "{version:?} {problem:?}");
    }
}

#[test]
fn whoever_asks_is_told_that_uploads_can_be_resumed() {
    let plain = "upload-limit: min-size=0, max-size=1000";
    for (number, echo, limit) in [
        ("", "", "LIMIT"),
        ("3", "3", plain),
        ("5", "5", plain),
        ("6", "6", "LIMIT6"),
        ("7", "7", "LIMIT"),
        ("8", "8", "LIMIT"),
        ("99", "", "LIMIT"),
        ("six", "", "LIMIT"),
    ] {
        let request =
            Request::options("/photos/a").header("upload-draft-interop-version", number).body(()).unwrap();
        let (status, headers) = capabilities(request.headers(), &Settings::default(), &ANNOUNCED);
        assert_eq!(status, 200);
        let fields = format!("accept-patch: application/partial-upload | {limit}");
        let echo = if echo.is_empty() { v("rfc") } else { v(echo) };
        assert_eq!(shown(&headers), expected(echo, &fields), "{number}");

        let raw = HeaderValue::from_static("107374182400");
        let settings = Settings { upload_limit: Some(raw.clone()), ..Settings::default() };
        let (status, headers) = capabilities(request.headers(), &settings, &ANNOUNCED);
        assert_eq!(status, 200);
        assert_eq!(headers["upload-limit"], raw);
    }
}

#[test]
fn cancelled_says_no_more_than_that() {
    for version in Version::ALL {
        let (status, headers) = cancelled(version);
        assert_eq!(status, 204);
        assert_eq!(shown(&headers), expected(version, ""));
    }
}

#[test]
fn limits_that_are_not_told_or_do_not_fit() {
    for (max_size, age, limit) in [
        (1000, None, "min-size=0, max-size=1000"),
        (0, Some(0), "min-size=0, max-size=0, max-age=0"),
        (u64::MAX, Some(u64::MAX), "min-size=0, max-size=999999999999999, max-age=999999999999999"),
    ] {
        let announced = Announced { max_size, age: age.map(Duration::from_secs) };
        assert_eq!(supported(v("rfc"), &url(), &announced)["upload-limit"], limit);
    }
}

#[test]
fn some_problems_have_a_registered_type() {
    let names = |problem: &Problem| problem_type(*problem)?.split_once('#').map(|(_, name)| name.to_owned());
    let typed: Vec<_> = Problem::ALL.iter().filter_map(names).collect();
    assert_eq!(typed, ["mismatching-upload-offset", "inconsistent-upload-length", "completed-upload"]);
}

#[test]
fn places_are_made_and_found_again() {
    let mut settings = Settings::default();
    assert_eq!(location(&settings, "7f3a").unwrap(), "/_uploads/7f3a");
    settings.origin = Some("https://upload.example.com".to_owned());
    settings.prefix = "/up/loads/".to_owned();
    assert_eq!(location(&settings, "7f3a").unwrap(), "https://upload.example.com/up/loads/7f3a");
    assert_eq!(location(&settings, "7\r\nf"), None);
    for (path, id) in [
        ("/up/loads/7f3a", Some("7f3a")),
        ("/up/loads/", Some("")),
        ("/up/loads/a/b", Some("a/b")),
        ("/up/loads", None),
        ("/up/loadsx", None),
        ("/x/up/loads/7f3a", None),
        ("*", None),
        ("", None),
    ] {
        assert_eq!(upload_id(&settings, path), id, "{path}");
    }
}
