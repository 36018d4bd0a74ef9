//! Request heads of clients that may want to resume: a request line, then fields; in every mode and version.

use super::text;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version as Http};
use put2bits::error::Problem;
use put2bits::resumable::reply::{self, Announced, Told};
use put2bits::resumable::{self, Append, Mode, OnResource, Settings, Version};
use std::time::Duration;

pub(crate) fn run(input: &[u8]) -> bool {
    let (line, headers) = text::head(input);
    let Some(head) = parts(line, headers) else { return false };
    let content = head.headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    let mut understood = false;
    for rfc in [false, true] {
        let settings = Settings { rfc, ..Settings::default() };
        for mode in [Mode::On, Mode::Off, Mode::UnlessVia] {
            understood |= check_creation(&head, content, mode, &settings);
        }
        check_capabilities(&head.headers, &settings);
    }
    for version in Version::ALL {
        understood |= check_resource(&head, content, version);
    }
    understood
}

fn parts(line: &[u8], headers: HeaderMap) -> Option<Parts> {
    let mut words = line.split(|&byte| byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let target = Uri::try_from(words.next()?).ok()?;
    let mut head = Request::new(()).into_parts().0;
    (head.method, head.uri, head.headers) = (method, target, headers);
    head.version = if words.next() == Some(b"HTTP/1.0") { Http::HTTP_10 } else { Http::HTTP_11 };
    Some(head)
}

fn check_creation(head: &Parts, content: Option<u64>, mode: Mode, settings: &Settings) -> bool {
    let creation = match resumable::creation(head, content, mode, settings) {
        Ok(Some(creation)) => creation,
        Ok(None) => return false,
        Err(failure) => {
            let documented = [
                Problem::LengthMismatch,
                Problem::LengthRequired,
                Problem::BadRequest,
                Problem::ResumptionOff,
            ];
            assert!(documented.contains(&failure.problem), "{failure:?}");
            return false;
        }
    };
    assert!(mode != Mode::Off && head.version >= Http::HTTP_11);
    assert!(mode == Mode::On || !head.headers.contains_key("via"));
    assert!(settings.rfc || creation.version.interop.is_some());
    assert_eq!(resumable::spoken(head, settings), Some(creation.version));
    match (creation.complete, content, creation.length) {
        (true, Some(content), length) => assert_eq!(length, Some(content)),
        (false, Some(content @ 1..), length) => assert!(length.is_some_and(|length| length >= content)),
        (true, None, length) => assert!(length.is_some()),
        _ => {}
    }
    check_replies(creation.version, settings, creation.length);
    true
}

fn check_resource(head: &Parts, content: Option<u64>, created: &'static Version) -> bool {
    let spoken = resumable::version(&head.headers, created);
    match resumable::on_resource(head, content, created) {
        Ok(OnResource::Append(append)) => {
            let Append { version, offset, complete, length, content: of_body } = append;
            assert!(head.method == Method::PATCH && version == spoken && of_body == content);
            let end = offset.checked_add(content.unwrap_or(0)).expect("an end that can be counted");
            assert!(length.is_none_or(|length| end <= length));
            let ends = complete && content.is_some();
            assert!(!ends || length.is_none_or(|length| length == end));
        }
        Ok(OnResource::Offset(version)) => {
            assert!(version == spoken && [Method::HEAD, Method::GET].contains(&head.method));
        }
        Ok(OnResource::Cancel(version)) => assert!(version == spoken && head.method == Method::DELETE),
        Ok(OnResource::Capabilities) => assert_eq!(head.method, Method::OPTIONS),
        Err(failure) => {
            let documented = [
                Problem::MethodNotAllowed,
                Problem::MediaTypeRefused,
                Problem::BadRequest,
                Problem::LengthMismatch,
            ];
            assert!(documented.contains(&failure.problem), "{failure:?}");
            let refused = failure.problem == Problem::MethodNotAllowed;
            let allowed = resumable::allowed(spoken);
            let named = allowed.to_str().expect("ASCII").split(", ").any(|name| name == head.method.as_str());
            assert!(refused != named, "{} refused: {refused}, allowed: {named}", head.method);
            return false;
        }
    }
    true
}

/// Answers can be put, and say what they are told.
fn check_replies(version: &Version, settings: &Settings, length: Option<u64>) {
    let announced = Announced { max_size: u64::MAX, age: Some(Duration::MAX) };
    let location = reply::location(settings, "0123456789abcdef").expect("a location");
    let shown = |headers: &HeaderMap| headers.get("upload-draft-interop-version").is_some();
    assert_eq!(shown(&reply::supported(version, &location, &announced)), version.interop.is_some());
    let offset = length.unwrap_or_default();
    let (status, headers) =
        reply::offset(version, &Told { offset, length, finished: length.is_some() }, &announced);
    assert_eq!((status, headers.contains_key("upload-offset")), (StatusCode::NO_CONTENT, true));
    let told = headers["upload-offset"].to_str().expect("digits");
    // Structured fields have integers of 15 digits.
    assert_eq!(told.parse::<u64>().expect("a number"), offset.min(999_999_999_999_999));
    let (status, _) = reply::part(version, Some(&location), offset, &announced);
    assert_eq!(status, StatusCode::CREATED);
}

fn check_capabilities(headers: &HeaderMap, settings: &Settings) {
    let announced = Announced { max_size: 1, age: None };
    let (status, answer) = reply::capabilities(headers, settings, &announced);
    assert!(status == StatusCode::OK && answer.contains_key("upload-limit"));
}
