//! Sockets that a supervisor has made and passed on (systemd's socket activation).

use super::socket::Listening;
use listenfd::ListenFd;
use std::env;
use std::io;

/// Sockets passed to this process.
#[derive(Debug, Default)]
pub struct Passed {
    /// With their names (`FileDescriptorName=`), in the order in which they were passed.
    sockets: Vec<(String, Standard)>,
}

/// A socket as the standard library has it.
#[derive(Debug)]
pub(super) enum Standard {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Standard {
    /// As the runtime of this thread has it.
    pub(super) fn into_listening(self) -> io::Result<Listening> {
        Ok(match self {
            Standard::Tcp(listener) => Listening::Tcp(tokio::net::TcpListener::from_std(listener)?),
            #[cfg(unix)]
            Standard::Unix(listener) => Listening::Unix(tokio::net::UnixListener::from_std(listener)?),
        })
    }
}

impl Passed {
    /// Takes them over. To be called once, before there are other threads: it changes the environment, so that no child
    /// takes them for its own.
    ///
    /// # Errors
    /// If one of them is no socket that listens for streams.
    pub fn of_process() -> io::Result<Self> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let mut given = ListenFd::from_env();
        let mut sockets = Vec::with_capacity(given.len());
        for at in 0..given.len() {
            let name = names.next().unwrap_or_default();
            sockets.extend(take(&mut given, at)?.map(|socket| (name, socket)));
        }
        Ok(Passed { sockets })
    }

    /// Takes those of that name out, or all that are left.
    pub(super) fn take(&mut self, name: Option<&str>) -> Vec<Standard> {
        let is_meant = |other: &str| name.is_none_or(|name| name == other);
        self.sockets.extract_if(.., |(name, _)| is_meant(name)).map(|(_, socket)| socket).collect()
    }

    /// Names of those that nobody took.
    pub(super) fn names(&self) -> Vec<&str> {
        self.sockets.iter().map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(unix)]
fn take(given: &mut ListenFd, at: usize) -> io::Result<Option<Standard>> {
    let Ok(tcp) = given.take_tcp_listener(at) else {
        let unix = given.take_unix_listener(at)?;
        return unix.map(|unix| unix.set_nonblocking(true).map(|()| Standard::Unix(unix))).transpose();
    };
    tcp.map(|tcp| tcp.set_nonblocking(true).map(|()| Standard::Tcp(tcp))).transpose()
}

#[cfg(not(unix))]
fn take(given: &mut ListenFd, at: usize) -> io::Result<Option<Standard>> {
    let tcp = given.take_tcp_listener(at)?;
    tcp.map(|tcp| tcp.set_nonblocking(true).map(|()| Standard::Tcp(tcp))).transpose()
}
