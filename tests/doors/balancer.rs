//! A load balancer that knows nothing but TCP, and says by the PROXY protocol (version 2) who the client is.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The client, as it is told of every connection.
pub(crate) const CLIENT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 7), 4711);

/// Starts one in front of that address, and gives its own. It ends with the runtime of its test.
pub(crate) async fn start(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.unwrap();
                server.write_all(&header()).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    addr
}

/// A connection of [`CLIENT`] to 10.0.0.1:443 over TCP and IPv4.
fn header() -> Vec<u8> {
    let ports = [CLIENT.port().to_be_bytes(), 443_u16.to_be_bytes()].concat();
    let addresses = [CLIENT.ip().octets(), [10, 0, 0, 1]].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses, &ports].concat()
}
