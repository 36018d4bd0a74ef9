//! The offset wanted next, in every wrong form.

use crate::case::{ACK, At, Case, SIZE, ack, bad, good, head, passing, taken};
use put2bits::error::Problem::{BackendProtocol, DataLost, NoProgress};

const FRAGMENTS: [At; 3] = [At::First, At::Middle, At::Last];

fn offset(value: &str) -> String {
    format!("BITS-Received-Content-Range: {value}\r\n")
}

fn out_of_step(lines: &str) -> String {
    head("416 Requested Range Not Satisfiable", &format!("{ACK}{lines}"))
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let huge = format!("1{}", "0".repeat(40));
    for (name, value) in [
        ("empty", ""),
        ("negative", "-1"),
        ("minus nothing", "-0"),
        ("signed", "+{next}"),
        ("hexadecimal", "0x8000"),
        ("bare hexadecimal", "8fff"),
        ("a float", "{next}.0"),
        ("an exponent", "1e3"),
        ("a word", "EVIL"),
        ("NaN", "NaN"),
        ("a range", "0-{next}"),
        ("a range with its unit", "bytes 0-{next}"),
        ("with the total", "{next}/98309"),
        ("a list of one and nothing", "{next},"),
        ("a list of two that agree", "{next}, {next}"),
        ("a list of two that differ", "{next}, 5"),
        ("with a parameter", "{next};q=1"),
        ("quoted", "\"{next}\""),
        ("with a blank inside", "3 2768"),
        ("with a tab inside", "3\t2768"),
        ("with a suffix", "{next}L"),
        ("with underscores", "32_768"),
        ("percent-encoded", "%33%32"),
        ("in Arabic digits", "٣٢٧٦٨"),
        ("in wide digits", "３２"),
        ("2^64", "18446744073709551616"),
        ("10^40", &huge),
        ("2^63", "9223372036854775808"),
        ("2^64 - 1", "18446744073709551615"),
        ("one beyond the file", "98310"),
        ("one beyond what was sent", "{next}0"),
    ] {
        for at in FRAGMENTS {
            all.push(bad(format!("offset: {name} ({at:?})"), at, ack(&offset(value)), BackendProtocol));
        }
    }
    for at in FRAGMENTS {
        let name = |name: &str| format!("offset: {name} ({at:?})");
        let twice = |one: &str, two: &str| ack(&[offset(one), offset(two)].concat());
        all.extend([
            bad(name("two that differ"), at, twice("{next}", "{start}"), BackendProtocol),
            bad(name("two, the second one no number"), at, twice("{next}", "x"), BackendProtocol),
            good(name("two that agree"), at, twice("{next}", "{next}")),
            good(name("padded with blanks"), at, ack(&offset(" \t {next} \t "))),
            good(name("padded with zeros"), at, ack(&offset(&format!("{}{{next}}", "0".repeat(60))))),
            good(name("in a misspelt header"), at, ack("Bits-Recieved-Content-Range: {next}\r\n")),
            good(name("missing"), at, ack("")),
            good(name("416 in place of 200"), at, out_of_step(&offset("{next}"))),
            bad(
                name("missing, by no BITS server"),
                at,
                head("200 OK", "Content-Length: 0\r\n"),
                BackendProtocol,
            ),
            bad(name("it never goes on"), at, ack(&offset("{start}")), NoProgress).times(5),
            bad(name("416 for ever"), at, out_of_step(&offset("{start}")), NoProgress).times(5),
            passing(name("416 once"), at, out_of_step(&offset("{start}"))),
            bad(name("416 beyond the file"), at, out_of_step(&offset("98310")), BackendProtocol),
        ]);
    }
    for at in [At::Middle, At::Last] {
        let name = |name: &str| format!("offset: {name} ({at:?})");
        let lost = |name, bytes: String| bad(name, at, bytes, DataLost).times(1).cancelled(true);
        all.extend([
            lost(name("back to 0"), ack(&offset("0"))),
            lost(name("back by one fragment"), ack(&offset("7"))),
            lost(name("416 back to 0"), out_of_step(&offset("0"))),
            bad(name("416 without one"), at, out_of_step(""), BackendProtocol),
            bad(name("416, no number"), at, out_of_step(&offset("x")), BackendProtocol),
            bad(
                name("416, two that differ"),
                at,
                out_of_step(&[offset("{next}"), offset("{start}")].concat()),
                BackendProtocol,
            ),
        ]);
    }
    // While the first byte is still held, a new session is begun, twice.
    all.push(bad("offset: 416 without one (First)", At::First, out_of_step(""), BackendProtocol).times(3));
    all.push(bad(
        "offset: the whole file at the first fragment",
        At::First,
        ack(&offset(&SIZE.to_string())),
        BackendProtocol,
    ));
    all.push(good("offset: beside a misspelt one", At::First, taken("Bits-Recieved-Content-Range: 9\r\n")));
    all
}
