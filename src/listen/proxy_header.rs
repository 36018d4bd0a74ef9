//! The PROXY protocol, versions 1 and 2: what a load balancer writes before the first byte of its client.
//!
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use super::refused::{Reason, Refused};
use super::socket::Socket;
use ppp::{v1, v2};
use std::net::SocketAddr;

/// Longest header of version 1, by its specification.
const LONGEST_V1: usize = 107;

/// Longest header of version 2 that is taken, in bytes. Its optional parts may be 64 KiB long; what load balancers send
/// is below this.
const LONGEST_V2: usize = 4 << 10;

/// Bytes of version 2 up to its length, that included.
const FIXED_V2: usize = 16;

/// What version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What is known of a header from its beginning.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It is longer than what is there.
    More,
    /// It is so many bytes long. Nothing: the load balancer speaks for itself, or for who has no IP address.
    Done(usize, Option<SocketAddr>),
}

/// Reads the header. Nothing: the address of the socket is that of the client.
pub(super) async fn read(socket: &mut Socket) -> Result<Option<SocketAddr>, Refused> {
    loop {
        socket.look().await.map_err(|error| Refused::gone(&error))?;
        match parse(socket.unread())? {
            Step::More => {}
            Step::Done(length, client) => {
                socket.skip(length);
                return Ok(client);
            }
        }
    }
}

/// Reads the beginning of a connection.
fn parse(bytes: &[u8]) -> Result<Step, Refused> {
    if bytes.starts_with(SIGNATURE) {
        return parse_v2(bytes);
    }
    if SIGNATURE.starts_with(bytes) {
        return Ok(Step::More);
    }
    parse_v1(bytes)
}

fn parse_v1(bytes: &[u8]) -> Result<Step, Refused> {
    const BEGINNING: &[u8] = b"PROXY ";
    if !bytes.starts_with(BEGINNING) && !BEGINNING.starts_with(bytes) {
        return Err(wrong("the connection does not begin with one"));
    }
    let Some(end) = bytes.iter().take(LONGEST_V1).position(|&byte| byte == b'\n') else {
        return match bytes.len() < LONGEST_V1 {
            true => Ok(Step::More),
            false => Err(wrong("it does not end")),
        };
    };
    let line = bytes.get(..=end).unwrap_or_default();
    let header = v1::Header::try_from(line).map_err(|error| wrong(&error.to_string()))?;
    let client = match header.addresses {
        v1::Addresses::Tcp4(both) => Some((both.source_address, both.source_port).into()),
        v1::Addresses::Tcp6(both) => Some((both.source_address, both.source_port).into()),
        v1::Addresses::Unknown => None,
    };
    Ok(Step::Done(line.len(), client.map(as_known)))
}

fn parse_v2(bytes: &[u8]) -> Result<Step, Refused> {
    let &[high, low] = bytes.get(FIXED_V2 - 2..FIXED_V2).unwrap_or_default() else { return Ok(Step::More) };
    let length = FIXED_V2 + usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST_V2 {
        return Err(wrong("it is longer than 4 KiB"));
    }
    let Some(whole) = bytes.get(..length) else { return Ok(Step::More) };
    let header = v2::Header::try_from(whole).map_err(|error| wrong(&error.to_string()))?;
    let client = match (header.command, header.addresses) {
        // A health check of the load balancer: whatever else stands there is to be ignored.
        (v2::Command::Local, _) => None,
        (v2::Command::Proxy, v2::Addresses::IPv4(both)) => {
            Some((both.source_address, both.source_port).into())
        }
        (v2::Command::Proxy, v2::Addresses::IPv6(both)) => {
            Some((both.source_address, both.source_port).into())
        }
        (v2::Command::Proxy, v2::Addresses::Unix(_) | v2::Addresses::Unspecified) => None,
    };
    Ok(Step::Done(length, client.map(as_known)))
}

fn as_known(client: SocketAddr) -> SocketAddr {
    SocketAddr::new(client.ip().to_canonical(), client.port())
}

fn wrong(why: &str) -> Refused {
    Refused::new(Reason::ProxyHeader, format!("the PROXY header cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of version 2: command and version, family and transport, addresses and more.
    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, rest].concat()
    }

    fn read(bytes: &[u8]) -> Option<Option<String>> {
        match parse(bytes) {
            Ok(Step::Done(length, client)) => {
                assert_eq!(length, bytes.len(), "{bytes:?}");
                Some(client.map(|client| client.to_string()))
            }
            Ok(Step::More) => panic!("{bytes:?} is not whole"),
            Err(refused) => {
                assert_eq!(refused.reason, Reason::ProxyHeader);
                None
            }
        }
    }

    #[test]
    fn headers_of_both_versions() {
        let four = [192, 0, 2, 1, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb];
        let mut six = [0; 36];
        (six[0], six[1], six[15], six[33]) = (0x20, 0x01, 7, 80);
        let with_more = [&four[..], &[4, 0, 1, 0]].concat();
        let client = |text: &str| Some(Some(text.to_owned()));
        for (bytes, wanted) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n".to_vec(), client("192.0.2.1:12345")),
            (b"PROXY TCP6 2001:db8::1 ::1 5 443\r\n".to_vec(), client("[2001:db8::1]:5")),
            (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 5 443\r\n".to_vec(), client("192.0.2.1:5")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Some(None)),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(), Some(None)),
            (v2(0x21, 0x11, &four), client("192.0.2.1:12345")),
            (v2(0x21, 0x11, &with_more), client("192.0.2.1:12345")),
            (v2(0x21, 0x21, &six), client("[2001::7]:80")),
            (v2(0x20, 0x11, &four), Some(None)),
            (v2(0x20, 0x00, &[]), Some(None)),
            (v2(0x21, 0x00, &[]), Some(None)),
            (v2(0x21, 0x31, &[0; 216]), Some(None)),
        ] {
            assert_eq!(read(&bytes), wanted, "{bytes:?}");
            // No part of it is taken for the whole, nor for something else.
            for end in 1..bytes.len() {
                assert_eq!(parse(&bytes[..end]).unwrap(), Step::More, "{:?}", &bytes[..end]);
            }
            // What follows is left alone.
            let longer = [&bytes[..], b"PUT / HTTP/1.1\r\n"].concat();
            assert!(matches!(parse(&longer).unwrap(), Step::Done(length, _) if length == bytes.len()));
        }
    }

    #[test]
    fn what_is_none() {
        for bytes in [
            b"PUT / HTTP/1.1\r\n".to_vec(),
            b"\x16\x03\x01".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 12345\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443 1\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::1 ::1 5 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.256 10.0.0.1 12345 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 65536 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 -1 443\r\n".to_vec(),
            b"PROXY  TCP4 192.0.2.1 10.0.0.1 1 443\r\n".to_vec(),
            b"PROXY UDP4 192.0.2.1 10.0.0.1 1 443\r\n".to_vec(),
            b"PROXY \xff\r\n".to_vec(),
            [&b"PROXY UNKNOWN "[..], &[b'x'; 100]].concat(),
            v2(0x21, 0x11, &[0; 11]),
            v2(0x31, 0x11, &[0; 12]),
            v2(0x22, 0x11, &[0; 12]),
            v2(0x21, 0x51, &[0; 12]),
            v2(0x21, 0x11, &[0; 5000]),
        ] {
            assert_eq!(read(&bytes), None, "{bytes:?}");
        }
    }
}
