//! The payloads over HTTP/2, as far as they can be said there: one request, with a head that h2's client will send.

use crate::client::{Answer, Client};
use crate::corpus;
use crate::oracle::World;
use crate::payload::{Expect, Payload};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri};
use std::str::FromStr;

/// Fields of a connection, which HTTP/2 does not have, and `Host`, which is told in another way.
const OTHERS: [&str; 10] = [
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request of HTTP/1.1 in pieces.
struct Said<'a> {
    method: &'a str,
    path: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

/// The same request, if it is one and can be said over HTTP/2.
fn said(payload: &Payload) -> Option<Said<'_>> {
    let text = std::str::from_utf8(&payload.bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    if version != "HTTP/1.1" || words.next().is_some() || !path.starts_with('/') || path.contains('#') {
        return None;
    }
    Uri::from_str(&format!("http://p{path}"))
        .ok()
        .filter(|uri| uri.path_and_query().is_some_and(|it| it == path))?;
    http::Method::from_str(method).ok().filter(|method| method != http::Method::CONNECT)?;
    let mut fields = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        HeaderName::from_str(name).ok()?;
        HeaderValue::from_str(value.trim_matches([' ', '\t'])).ok()?;
        let is_other = OTHERS.contains(&name.to_ascii_lowercase().as_str());
        match (is_other, name.eq_ignore_ascii_case("host") && value.trim() == "p") {
            (true, true) => {}
            (true, false) => return None,
            (false, _) => fields.push((name, value.trim_matches([' ', '\t']))),
        }
    }
    let lengths: Vec<_> =
        fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).collect();
    // Spelled in any other way, h2 resets the stream.
    let is_whole = lengths.len() == 1 && lengths[0].1 == body.len().to_string();
    let hosts = head.split("\r\n").filter(|line| line.to_ascii_lowercase().starts_with("host:")).count();
    (is_whole && hosts == 1).then_some(Said { method, path, fields, body })
}

/// The status and the code of the answer.
async fn ask(client: &mut Client, said: &Said<'_>) -> Result<(u16, String), h2::Error> {
    let mut exchange = client.begin(said.method, said.path, &said.fields, said.body.is_empty()).await;
    if !said.body.is_empty() {
        // It may be refused and reset before.
        let _ = exchange.body.send_data(Bytes::copy_from_slice(said.body.as_bytes()), true);
    }
    let answer: Answer = exchange.answer().await?;
    Ok((answer.status, answer.header("put2bits-error").unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn over_http_2_it_is_the_same() {
    let (corpus, mut world) = (corpus(), World::new().await);
    let mut client = Client::connect(world.addr()).await;
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for payload in &corpus {
        let expected = match payload.expect {
            // How much a head may hold is counted in another way.
            Expect::Refused(431, _) | Expect::Answers(..) | Expect::Cut(_) | Expect::Broken => continue,
            expect => expect.answers(),
        };
        let Some(said) = said(payload) else { continue };
        tried += 1;
        // All on one connection: a refusal ends its stream and no other.
        let answer = ask(&mut client, &said).await;
        let told = answer.as_ref().map(|(status, code)| (*status, code.as_str()));
        if told.as_ref().ok() != expected.first() {
            wrong.push(format!("{}: answered {told:?}, not {expected:?}", payload.name));
        }
        if let Err(why) = world.at_the_backend(&payload.expect.stored(), false) {
            wrong.push(format!("{}: {why}", payload.name));
        }
    }
    println!("{tried} of {} payloads", corpus.len());
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 200, "{tried}");
    world.end().await;
}
