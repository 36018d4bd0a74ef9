//! Nodes of a farm: where a packet goes, and under which name.

use crate::peer::Peer;
use crate::{ACK, ask, connection, destination};
use http::uri::Authority;
use put2bits::backend::Endpoint;
use put2bits::bits::{Dialect, GuidCase, Node, Packet, Verb};
use put2bits::limits::SocketLimits;
use put2bits::route::{BackendUrl, Carried, Server};
use put2bits::transfer::Backend;
use std::sync::{Arc, mpsc};

#[tokio::test]
async fn a_node_has_the_port_of_the_origin_and_a_connection_of_its_own() {
    let (heads, seen) = mpsc::channel();
    let peer = Peer::start(move |number, mut conn| {
        let heads = heads.clone();
        async move {
            while let Some((head, _)) = conn.request().await {
                let host = head.lines().find_map(|line| line.strip_prefix("Host: ")).map(str::to_owned);
                heads.send((number, host.unwrap())).unwrap();
                conn.send(ACK).await;
            }
        }
    });
    let port = peer.authority.port_u16().unwrap();
    let mut to = connection(&peer.authority);
    let node = Node::parse(b"LOCALHOST").unwrap();
    let at_node = format!("localhost:{port}");
    for (node, wanted) in [
        (None, (0, "files.example")),
        (Some(&node), (1, at_node.as_str())),
        (Some(&node), (1, at_node.as_str())),
        (None, (2, "files.example")),
    ] {
        to.go_to(node);
        ask(&mut to, Packet::Ping).await.unwrap();
        let (number, host) = seen.recv().unwrap();
        assert_eq!((number, host.as_str()), wanted);
    }
}

/// One that cannot be reached is said to be that one.
#[tokio::test]
async fn a_node_that_is_not_there_is_named() {
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let origin: Authority = peer.authority.clone();
    let mut to = connection(&origin);
    ask(&mut to, Packet::Ping).await.unwrap();
    // An address of the loopback network at which nobody listens.
    to.go_to(Node::parse(b"127.0.0.77").as_ref());
    let why = ask(&mut to, Packet::Ping).await.unwrap_err().to_string();
    assert!(why.starts_with(&format!("connecting to 127.0.0.77:{}: ", origin.port_u16().unwrap())), "{why}");
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn packets_are_written_as_the_server_wants_them() {
    let (heads, seen) = mpsc::channel();
    let peer = Peer::start(move |_, mut conn| {
        let heads = heads.clone();
        async move {
            let (head, _) = conn.request().await.unwrap();
            heads.send(head).unwrap();
            conn.send(ACK).await;
        }
    });
    let dialect = Dialect { verb: Verb::Override, guid: GuidCase::Upper, ..Dialect::default() };
    let url = BackendUrl::parse(&format!("http://{}/uploads/", peer.authority)).unwrap();
    let server = Arc::new(Server { dialect, ..Server::default() });
    let endpoint = Endpoint::open(&url, &server, [], &SocketLimits::default()).unwrap();
    let mut to = endpoint.connection(destination(), Carried::default());
    ask(&mut to, Packet::CreateSession).await.unwrap();
    let head = seen.recv().unwrap();
    assert!(head.starts_with("POST /uploads/a.mov?x=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nX-Http-Method-Override: BITS_POST\r\n"), "{head}");
    assert!(
        head.contains("\r\nBits-Supported-Protocols: {7DF0354D-249B-430F-820D-3D2A9BEF4931}\r\n"),
        "{head}"
    );
}
