//! The PROXY header, and what a client writes behind it, through the entrance of a listener.

use put2bits::access::{Address, Listener, Peer, Proxies, Trusted};
use put2bits::listen::{Acceptor, Entrance, Passed, Turns, bind};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};

/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

struct Door {
    runtime: Runtime,
    acceptor: Acceptor,
    entrance: Entrance,
    turns: Turns,
    folder: TempDir,
    /// Removes the socket from it in the end.
    _file: Box<dyn std::fmt::Debug>,
}

thread_local! {
    static DOOR: Door = {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let address = Address::Unix { path: folder.path().join("socket"), mode: 0o600 };
        let listener = Listener { proxy_protocol: true, ..Listener::plain(address) };
        let bound = bind(std::slice::from_ref(&listener), Passed::default(), None).expect("a socket");
        let mut bound = bound.into_iter().next().expect("one");
        let file = Box::new(bound.take_file().expect("a file"));
        let acceptor = { let _guard = runtime.enter(); bound.into_acceptor().expect("an acceptor") };
        // Who comes by a file counts as this machine.
        let trusted = Trusted(vec!["127.0.0.1/32".parse().expect("a network")]);
        let proxies = Arc::new(Proxies { trusted, ..Proxies::default() });
        let entrance = Entrance::new(listener, proxies, Duration::from_secs(5)).expect("an entrance");
        Door { runtime, acceptor, entrance, turns: Turns::default(), folder, _file: file }
    };
}

/// Who came in, and all that is read behind the header; nothing if the connection was refused.
fn enter(input: &[u8]) -> Option<(Peer, Vec<u8>)> {
    DOOR.with(|door| {
        door.runtime.block_on(async {
            let mut client =
                UnixStream::connect(door.folder.path().join("socket")).await.expect("a connection");
            client.write_all(input).await.expect("room for it");
            client.shutdown().await.expect("the end");
            let accepted = door.acceptor.accept().await.expect("a connection");
            let entered = door.entrance.enter(accepted.socket, accepted.peer, &door.turns, |_| Some(()));
            let (mut connection, peer, ()) = entered.await.ok()?;
            let mut rest = Vec::new();
            connection.read_to_end(&mut rest).await.expect("the rest");
            Some((peer, rest))
        })
    })
}

pub(crate) fn run(input: &[u8]) -> bool {
    let Some((peer, rest)) = enter(input) else { return false };
    let length = match input.strip_prefix(SIGNATURE) {
        Some(behind) => 16 + usize::from(u16::from_be_bytes([behind[2], behind[3]])),
        None => {
            assert!(input.starts_with(b"PROXY "), "it does not begin with a header");
            1 + input.iter().position(|&byte| byte == b'\n').expect("the end of its line")
        }
    };
    assert!(
        length <= 4096 && rest == input[length..],
        "not a byte of the client's is lost, nor read by somebody else"
    );
    assert_eq!(peer.address.ip().to_canonical(), peer.address.ip(), "an address has one form");
    assert!(!peer.encrypted && peer.names.is_empty());
    true
}
