//! P12, over the whole test run: every process that a test started is searched when the test is done with it. What runs
//! as a server is searched by `Proxy`, with its metrics and its files; what prints and ends by [`untold`].
//!
//! Tests that show credentials to the proxy, or put them into its files, write [`MARKER`] into each of them. Ids that
//! open a door by themselves (those of BITS sessions, URLs of uploads) are known by their form.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

/// Stands in every secret that a test plants.
pub(crate) const MARKER: &str = "s3cret";

/// How the marker looks when somebody has written it down in another way.
fn forms() -> BTreeSet<String> {
    let bytes = MARKER.as_bytes();
    let mut forms = BTreeSet::from([MARKER.to_owned()]);
    // In base64 it depends on what stands before it, and the characters at both ends on what stands around it.
    for before in 0..3_usize {
        let text = BASE64_STANDARD.encode([&vec![0; before][..], bytes].concat());
        let whole = (before + bytes.len()) * 8 / 6;
        forms.insert(text[(before * 8).div_ceil(6)..whole].to_owned());
    }
    for prefix in ["%", "", "\\x"] {
        let text: String = bytes.iter().map(|byte| format!("{prefix}{byte:02x}")).collect();
        forms.insert(text);
    }
    forms
}

/// What stands in a text and must not: the first finding, with what is around it.
pub(crate) fn find(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let at = forms().iter().filter_map(|form| text.find(form)).min()?;
    let around: Vec<char> = text[..at].chars().rev().take(200).collect();
    Some(around.into_iter().rev().chain(text[at..].chars().take(100)).collect())
}

/// What stands in a log and must not: also whole ids of sessions and uploads.
pub(crate) fn find_in_log(log: &str) -> Option<String> {
    let session = |word: &&str| {
        let form: String = word.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        form == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    };
    let url = |rest: &&str| rest.bytes().take_while(u8::is_ascii_alphanumeric).count() > 16;
    let ids = || log.split(|c: char| !c.is_ascii_hexdigit() && c != '-').find(session).map(str::to_owned);
    let urls = || log.split("/_uploads/").skip(1).find(url).map(|rest| rest.chars().take(40).collect());
    find(log.as_bytes()).or_else(ids).or_else(urls)
}

/// The output of a process that has ended, in which no secret stands.
#[track_caller]
pub(crate) fn untold(output: Output) -> Output {
    for (place, text) in [("output", &output.stdout), ("error output", &output.stderr)] {
        assert_eq!(find_in_log(&String::from_utf8_lossy(text)), None, "a secret is in its {place}");
    }
    output
}

/// All that a proxy has told and kept, but for its log: its metrics, if it still answers, and its files.
pub(crate) fn find_in_rest(admin: SocketAddr, folders: &[PathBuf]) -> Option<String> {
    let pages = page(admin).into_iter().map(|page| ("the metrics".to_owned(), page));
    let files = folders.iter().flat_map(|folder| contents(folder));
    let mut places = pages.chain(files);
    places.find_map(|(place, bytes)| Some(format!("{place}: {}", find(&bytes)?)))
}

/// The metrics, without a runtime.
fn page(admin: SocketAddr) -> Option<Vec<u8>> {
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&admin, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n").ok()?;
    let mut bytes = Vec::new();
    // What came before it fell silent counts, too.
    let _ = stream.read_to_end(&mut bytes);
    Some(bytes)
}

/// Every file below a folder that is there.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let read = |path: PathBuf| match path.is_dir() {
        true => contents(&path),
        // It may be gone meanwhile, or a socket.
        false => std::fs::read(&path).map(|bytes| (path.display().to_string(), bytes)).into_iter().collect(),
    };
    paths.flat_map(read).collect()
}
