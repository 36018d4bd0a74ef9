//! From `host:port` to a TCP connection.

use crate::route::Scheme;
use http::uri::Authority;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

/// Idle time after which the kernel asks whether the server is still there: while it works for minutes on the last
/// fragment, this keeps address translators from forgetting the connection, and finds a dead server.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Between unanswered questions.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Opens connections to one server.
#[derive(Debug)]
pub(super) struct Dialer {
    host: String,
    port: u16,
    /// The address that worked last: nodes of a farm do not always share their sessions.
    good: Option<SocketAddr>,
    /// Bytes of a socket's send buffer.
    send_buffer: Option<usize>,
}

impl Dialer {
    /// To the server at `authority`, at the port of `scheme` unless it says otherwise.
    pub(super) fn new(authority: &Authority, scheme: Scheme, send_buffer: Option<usize>) -> Self {
        let port = authority.port_u16().unwrap_or(scheme.default_port());
        Dialer { host: bare_host(authority).to_owned(), port, good: None, send_buffer }
    }

    /// The host that it leads to.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Connects within `limit`: resolves the name anew and tries each address, the good one first. Says why if it fails.
    pub(super) async fn dial(&mut self, limit: Duration) -> Result<TcpStream, String> {
        let begun = Instant::now();
        let addresses = self.addresses(limit).await?;
        let mut why = "the name has no address".to_owned();
        let mut untried = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            // A fair share, so that one dead address does not use up the time of the others.
            let share = limit.saturating_sub(begun.elapsed()) / untried.max(1);
            untried = untried.saturating_sub(1);
            match timeout(share, self.connect(address)).await {
                Ok(Ok(tcp)) => {
                    self.good = Some(address);
                    tune(&tcp);
                    return Ok(tcp);
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => why = format!("no connection within {limit:?}"),
            }
        }
        Err(why)
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if let Some(bytes) = self.send_buffer {
            let _ = SockRef::from(&socket).set_send_buffer_size(bytes);
        }
        socket.connect(address).await
    }

    async fn addresses(&self, limit: Duration) -> Result<Vec<SocketAddr>, String> {
        // Half, so that time is left for an address known from before.
        let limit = limit / 2;
        let why = match timeout(limit, lookup_host((self.host.as_str(), self.port))).await {
            Ok(Ok(found)) => return Ok(good_first(found.collect(), self.good)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the name was not resolved within {limit:?}"),
        };
        // Trouble with names must not end a session with a server that is there.
        self.good.map(|good| vec![good]).ok_or(why)
    }
}

/// The host as a resolver and a certificate want it: an IPv6 address without its brackets.
pub(super) fn bare_host(authority: &Authority) -> &str {
    authority.host().trim_start_matches('[').trim_end_matches(']')
}

/// Moves the good address to the front, if the name still leads to it.
fn good_first(mut addresses: Vec<SocketAddr>, good: Option<SocketAddr>) -> Vec<SocketAddr> {
    if let Some(place) = addresses.iter().position(|address| Some(*address) == good) {
        addresses.swap(0, place);
    }
    addresses
}

/// Socket options. They make it better, not right: a system that refuses one is no reason to fail.
fn tune(tcp: &TcpStream) {
    let _ = tcp.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE_INTERVAL);
    let _ = SockRef::from(tcp).set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(authority: &str) -> Dialer {
        Dialer::new(&authority.parse().unwrap(), Scheme::Http, Some(64 << 10))
    }

    #[test]
    fn reads_host_and_port() {
        for (authority, host, port) in [
            ("iis", "iis", 80),
            ("iis:8080", "iis", 8080),
            ("[::1]:81", "::1", 81),
            ("10.0.0.1", "10.0.0.1", 80),
        ] {
            let dialer = dialer(authority);
            assert_eq!((dialer.host.as_str(), dialer.port), (host, port));
        }
    }

    #[test]
    fn the_good_address_goes_first_if_the_name_still_has_it() {
        let [a, b, c] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"].map(|text| text.parse().unwrap());
        assert_eq!(good_first(vec![a, b], None), [a, b]);
        assert_eq!(good_first(vec![a, b], Some(b)), [b, a]);
        assert_eq!(good_first(vec![a, b], Some(c)), [a, b]);
    }

    #[tokio::test]
    async fn connects_with_the_options_set() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut dialer = dialer(&address.to_string());
        let tcp = dialer.dial(Duration::from_secs(5)).await.unwrap();
        let socket = SockRef::from(&tcp);
        assert!(tcp.nodelay().unwrap() && socket.keepalive().unwrap());
        // Linux doubles it.
        assert!((64 << 10..=128 << 10).contains(&socket.send_buffer_size().unwrap()));
        assert_eq!(dialer.good, Some(address));
    }
}
