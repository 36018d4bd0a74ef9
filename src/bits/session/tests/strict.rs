//! Answers that a server cannot give if it is what it says.

use super::*;

const ANOTHER: (&str, &str) = ("BITS-Session-Id", "{8}");

fn at(next: &str) -> (&str, &str) {
    ("BITS-Received-Content-Range", next)
}

#[test]
fn what_another_session_took_or_did_is_not_ours() {
    for status in [200, 416] {
        let script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
        let script = script.answer(status, &[at("100"), ANOTHER]);
        assert_eq!(script.session.offset(), 0);
        script.cancelled(Problem::BackendProtocol);
    }
    let script = script(100, &Profile::REFUSE).open().expect("bytes 0-99/100").taken(100);
    script.expect("Close-Session").answer(200, &[ANOTHER]).cancelled(Problem::BackendProtocol);
}

#[test]
fn nobody_minds_which_session_is_said_to_be_cancelled() {
    let script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250").answer(403, &[]);
    script.expect("Cancel-Session").answer(200, &[ANOTHER]).over(Problem::Forbidden);
}

/// An acknowledgement of a request that was not sent whole. The rest of it is not sent any more, so the bytes are not there.
#[test]
fn bytes_that_were_not_sent_are_not_acknowledged() {
    for (status, headers) in [(200, &[at("100")][..]), (200, &[]), (416, &[at("100")]), (200, &[at("1")])] {
        let mut script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
        script.session.answered_early();
        let script = script.answer(status, headers);
        assert_eq!(script.session.offset(), 0, "{status} {headers:?}");
        // It may be sent again here.
        script.expect("bytes 0-99/250").taken(100).expect("bytes 100-199/250");

        let mut script = self::script(250, &Profile::APPEND).open().expect("bytes 0-99/250").taken(100);
        script = script.expect("bytes 100-199/250");
        script.session.answered_early();
        script.answer(status, &[at("200")]).cancelled(Problem::FragmentInDoubt);
    }
}

#[test]
fn an_early_refusal_counts() {
    for (status, headers, problem) in
        [(403, &[][..], Problem::Forbidden), (200, &[at("x")], Problem::BackendProtocol)]
    {
        let mut script = script(250, &Profile::REFUSE).open().expect("bytes 0-99/250");
        script.session.answered_early();
        script.answer(status, headers).cancelled(problem);
    }
    // Smaller, at once.
    let mut script = sized(40 << 10, 40 << 10, &Profile::REFUSE).open().expect("bytes 0-40959/40960");
    script.session.answered_early();
    script.answer(413, &[]).expect("bytes 0-20479/40960");
}

#[test]
fn of_a_node_only_what_can_be_printed_is_told() {
    for (value, told) in [
        (&b"node7:80"[..], "node7:80".to_owned()),
        (b"a\tb \xff\xc2\x9b[31m", "a?b????[31m".to_owned()),
        (&[b'x'; 5_000], "x".repeat(300)),
    ] {
        let mut script = script(250, &Profile::REFUSE).expect("Create-Session");
        let mut headers = headers(&[("BITS-Session-Id", "{7}")]);
        headers.insert("bits-host-id", HeaderValue::from_bytes(value).unwrap());
        script.session.answered(script.now, StatusCode::OK, &headers);
        let script = script.expect("bytes 0-99/250");
        assert!(script.events.contains(&Event::HostIgnored { host: told }), "{:?}", script.events);
    }
}
