//! What proxies say of a client: the first line names the field that is believed, the others are the fields of a request.

use super::front::sink::{Pipe, Sink};
use super::text;
use http::HeaderMap;
use put2bits::access::{Admitted, Denied, Forwarded, Guard, Proxies, Trusted, Visit};
use put2bits::error::{Failure, Problem};
use put2bits::front::{Service, serve_connection};
use put2bits::limits::Limits;
use put2bits::resumable::Settings;
use put2bits::route::{BackendUrl, Route, Routes};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// Lets nobody in, and keeps who the client was taken for.
#[derive(Debug, Clone, Copy)]
struct Spy;

thread_local! {
    static CLIENT: RefCell<Option<SocketAddr>> = const { RefCell::new(None) };
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    static ROUTES: Arc<Routes> = {
        let backend = BackendUrl::parse("http://iis/up/").expect("a URL");
        Arc::new(Routes::new(vec![Route::new("/", backend)]))
    };
}

impl Guard for Spy {
    async fn admit(&self, visit: Visit<'_>) -> Result<Admitted, Denied> {
        CLIENT.set(Some(visit.client));
        Err(Denied::new(Failure::new(Problem::AccessDenied, "it is only a look")))
    }
}

/// The client of a request with these fields that comes from that peer. None: it was refused before.
fn client(peer: &str, forwarded: Forwarded, fields: &HeaderMap, last: &str) -> Option<SocketAddr> {
    let mut request = b"PUT /a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n".to_vec();
    for (name, value) in fields {
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        request.extend_from_slice(&line.concat());
    }
    request.extend_from_slice(last.as_bytes());
    request.extend_from_slice(b"\r\n");
    let trusted = Trusted(vec!["10.0.0.0/8".parse().expect("a network")]);
    let proxies = Arc::new(Proxies { trusted, forwarded });
    let routes = ROUTES.with(Arc::clone);
    let service = Service::new(Sink, routes, Arc::new(Limits::default()), Arc::new(Settings::default()));
    let peer: SocketAddr = peer.parse().expect("an address");
    CLIENT.set(None);
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            client.write_all(&request).await.expect("room for it");
            client.shutdown().await.expect("the end");
            let service = service.guarded_by(Spy).behind(proxies);
            serve_connection(Pipe(server), peer, service, CancellationToken::new()).await;
        });
    });
    CLIENT.take()
}

pub(crate) fn run(input: &[u8]) -> bool {
    let (first, mut fields) = text::head(input);
    let (forwarded, name, told) = match first.starts_with(b"f") {
        true => (Forwarded::Standard, "forwarded", "for=203.0.113.9;proto=https"),
        false => (Forwarded::XForwardedFor, "x-forwarded-for", "203.0.113.9"),
    };
    // These are about other things.
    for other in ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"] {
        fields.remove(other);
    }
    // Who is not trusted says nothing, and by default nobody is believed.
    for (peer, forwarded) in [("192.0.2.1:7", forwarded), ("10.0.0.1:7", Forwarded::None)] {
        let found = client(peer, forwarded, &fields, "");
        assert!(found.is_none_or(|found| found.to_string() == peer), "{found:?}");
    }
    // Whatever a client has written, behind it stands what the trusted proxy has added: in a line of its own, or at the end
    // of the last one.
    let added = format!("{name}: {told}\r\n");
    let found = client("10.0.0.1:7", forwarded, &fields, &added);
    assert!(found.is_none_or(|found| found.to_string() == "203.0.113.9:0"), "{found:?}");
    let values: Vec<_> = fields.get_all(name).iter().cloned().collect();
    if let Some((last, before)) = values.split_last()
        && let Ok(last) = http::HeaderValue::from_bytes(&[last.as_bytes(), b", ", told.as_bytes()].concat())
    {
        let mut joined = fields.clone();
        joined.remove(name);
        for value in before {
            joined.append(name, value.clone());
        }
        joined.append(name, last);
        let found = client("10.0.0.1:7", forwarded, &joined, "");
        assert!(found.is_none_or(|found| found.to_string() == "203.0.113.9:0"), "{found:?}");
    }
    // As it stands: somebody, or the proxy itself.
    client("10.0.0.1:7", forwarded, &fields, "").is_some_and(|found| found.to_string() != "10.0.0.1:7")
}
