//! Bytes of a client, straight into the front.

#[path = "../../hostile_client/sink.rs"]
pub(super) mod sink;

use put2bits::front::{Service, serve_connection};
use put2bits::limits::{Limits, MIB};
use put2bits::resumable::Settings;
use put2bits::route::{BackendUrl, Route, Routes};
use sink::{Pipe, Sink};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// Turns of all tasks before the client hangs up: more than any answer needs.
const TURNS: usize = 24;

thread_local! {
    static FRONT: (Runtime, Service<Sink>) = {
        let backend = BackendUrl::parse("http://iis/up/").expect("a URL");
        let routes = Arc::new(Routes::new(vec![Route::new("/in/", backend)]));
        let limits = Arc::new(Limits { max_upload: MIB, ..Limits::default() });
        let service = Service::new(Sink, routes, limits, Arc::new(Settings::default()));
        (Builder::new_current_thread().enable_all().build().expect("a runtime"), service)
    };
}

pub(crate) fn run(input: &[u8]) -> bool {
    check(&answers(input))
}

/// What the front answers to a client that writes that and no more.
pub(super) fn answers(input: &[u8]) -> Vec<u8> {
    FRONT.with(|(runtime, service)| {
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(5), talk(input, service)).await })
            .expect("an end within five seconds")
    })
}

async fn talk(input: &[u8], service: &Service<Sink>) -> Vec<u8> {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    client.write_all(input).await.expect("room for it");
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let serve = serve_connection(Pipe(server), nobody, service.clone(), CancellationToken::new());
    let serve = tokio::spawn(serve);
    // Over HTTP/2 who hangs up is told nothing more, so it listens for a while.
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    client.shutdown().await.expect("the end");
    serve.await.expect("no panic");
    let mut output = Vec::new();
    client.read_to_end(&mut output).await.expect("answers");
    output
}

/// No answer is a 5xx but the 501 for parts of files. Whether anything was stored.
fn check(answers: &[u8]) -> bool {
    let mut stored = false;
    for line in answers.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"HTTP/1.")) {
        let status = line.get(9..12).unwrap_or_default();
        assert!(!status.starts_with(b"5") || status == b"501", "{}", String::from_utf8_lossy(line));
        stored |= status == b"201";
    }
    stored
}
