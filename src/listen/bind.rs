//! From addresses to listening sockets: all of them or none.

use super::passed::{Passed, Standard};
use super::socket::Acceptor;
use crate::access::{Address, Listener};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 1024;

/// Why a listener has no socket.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {source}{}", advice(.address, .source))]
pub struct BindError {
    /// The address asked for.
    pub address: Address,
    /// What the system says.
    pub source: io::Error,
}

/// What can be done about it, where that is not plain.
fn advice(address: &Address, source: &io::Error) -> &'static str {
    match (address, source.kind()) {
        (Address::Unix { .. }, io::ErrorKind::NotFound) => ": its directory is missing",
        (Address::Tcp(_), io::ErrorKind::PermissionDenied) => {
            ": ports below 1024 need a right (CAP_NET_BIND_SERVICE)"
        }
        _ => "",
    }
}

/// Where a socket listens, for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An IP address, with the port that it really has.
    Tcp(SocketAddr),
    /// A file; nothing is known of the name of one that was passed on without.
    Unix(Option<PathBuf>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Tcp(address) => address.fmt(f),
            Place::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Place::Unix(None) => f.write_str("a Unix socket"),
        }
    }
}

/// A socket that listens. If it has a file of our making, that goes when this is dropped.
#[derive(Debug)]
pub struct Bound {
    /// Which of the listeners it belongs to.
    pub listener: usize,
    /// Where it is.
    pub place: Place,
    socket: Standard,
    file: Option<SocketFile>,
}

impl Bound {
    /// Begins to accept, in the runtime of this thread.
    ///
    /// # Errors
    /// If the runtime refuses.
    pub fn into_acceptor(self) -> io::Result<Acceptor> {
        Ok(Acceptor(self.socket.into_listening()?))
    }

    /// What removes its file, to be kept as long as it listens.
    pub fn take_file(&mut self) -> Option<impl Send + Sync + fmt::Debug + use<>> {
        self.file.take()
    }

    fn new(listener: usize, socket: Standard, file: Option<SocketFile>) -> io::Result<Self> {
        let place = match &socket {
            Standard::Tcp(socket) => Place::Tcp(socket.local_addr()?),
            #[cfg(unix)]
            Standard::Unix(socket) => {
                Place::Unix(socket.local_addr()?.as_pathname().map(std::path::Path::to_path_buf))
            }
        };
        Ok(Bound { listener, place, socket, file })
    }
}

/// Makes the sockets of all listeners. `receive_buffer`: bytes, for each connection.
///
/// # Errors
/// For the first that cannot be had; then there are none.
pub fn bind(
    listeners: &[Listener],
    mut passed: Passed,
    receive_buffer: Option<u64>,
) -> Result<Vec<Bound>, BindError> {
    let mut all = Vec::with_capacity(listeners.len());
    // Those that take all that is left come last.
    let (rest, named): (Vec<_>, Vec<_>) =
        listeners.iter().enumerate().partition(|(_, listener)| listener.address == Address::Systemd(None));
    for (number, Listener { address, .. }) in named.into_iter().chain(rest) {
        let fail = |source| BindError { address: address.clone(), source };
        match address {
            Address::Tcp(tcp) => {
                let socket = bind_tcp(*tcp, receive_buffer).map_err(fail)?;
                all.push(Bound::new(number, Standard::Tcp(socket), None).map_err(fail)?);
            }
            Address::Unix { path, mode } => {
                let (socket, file) = bind_unix(path, *mode).map_err(fail)?;
                all.push(Bound::new(number, socket, Some(file)).map_err(fail)?);
            }
            Address::Systemd(name) => {
                let sockets = passed.take(name.as_deref());
                if sockets.is_empty() {
                    return Err(fail(none_passed(&passed)));
                }
                for socket in sockets {
                    all.push(Bound::new(number, socket, None).map_err(fail)?);
                }
            }
        }
    }
    for name in passed.names() {
        tracing::warn!("a socket was passed to this process ({name:?}) that no [[listener]] takes");
    }
    all.sort_by_key(|bound| bound.listener);
    Ok(all)
}

fn none_passed(others: &Passed) -> io::Error {
    let mut message = "no such socket was passed to this process (LISTEN_FDS, LISTEN_FDNAMES)".to_owned();
    let names = others.names();
    if !names.is_empty() {
        message = format!("{message}, but: {}", names.join(", "));
    }
    io::Error::new(io::ErrorKind::NotFound, message)
}

/// Listens on an IP address. `receive_buffer`: bytes, for each connection. It is inherited by them, and has to be known
/// before one is made.
///
/// # Errors
/// What the system says.
pub fn bind_tcp(address: SocketAddr, receive_buffer: Option<u64>) -> io::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted proxy must not wait for the old connections of its port. (On Windows the option means something else.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Listens on a file. One that is left of a process that is gone is replaced; one that somebody listens on is not, nor
/// is anything else than a socket.
#[cfg(unix)]
fn bind_unix(path: &std::path::Path, mode: u32) -> io::Result<(Standard, SocketFile)> {
    use socket2::{Domain, SockAddr, Socket, Type};
    use std::fs;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixStream;

    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file exists, and is no socket"));
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::new(path)?;
    // Before it listens: until then nobody can connect, whatever the rights are.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok((Standard::Unix(socket.into()), file))
}

#[cfg(not(unix))]
fn bind_unix(_: &std::path::Path, _: u32) -> io::Result<(Standard, SocketFile)> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "there are no Unix sockets on this system"))
}

/// The file of a Unix socket. Removed when this is dropped, if it is still the same.
#[derive(Debug)]
struct SocketFile {
    #[cfg(unix)]
    path: PathBuf,
    #[cfg(unix)]
    identity: (u64, u64),
}

#[cfg(unix)]
impl SocketFile {
    fn new(path: &std::path::Path) -> io::Result<Self> {
        // A relative path must still be right if the directory is changed.
        let path = std::path::absolute(path)?;
        Ok(SocketFile { identity: identity(&path)?, path })
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            // If it cannot be removed, the next process will replace it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn identity(path: &std::path::Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn unix(path: &std::path::Path) -> Listener {
        Listener::plain(Address::Unix { path: path.to_owned(), mode: 0o640 })
    }

    fn tcp() -> Listener {
        Listener::plain(Address::Tcp("127.0.0.1:0".parse().unwrap()))
    }

    fn all(listeners: &[Listener]) -> Result<Vec<Bound>, BindError> {
        bind(listeners, Passed::default(), None)
    }

    #[test]
    fn a_socket_file_comes_and_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("up.sock");
        let bound = all(&[tcp(), unix(&path)]).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(bound[1].place, Place::Unix(Some(path.clone())));
        let taken = all(&[unix(&path)]).unwrap_err().to_string();
        assert!(taken.ends_with("up.sock: another process listens there"), "{taken}");
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_file_is_replaced_and_another_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("up.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let bound = all(&[unix(&path)]).unwrap();
        // Somebody else took its place meanwhile: that is not ours to remove.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        drop(bound);
        let refused = all(&[unix(&path)]).unwrap_err().to_string();
        assert!(refused.contains("is no socket"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        let missing = all(&[unix(&directory.path().join("no/up.sock"))]).unwrap_err().to_string();
        assert!(missing.ends_with(": its directory is missing"), "{missing}");
    }

    #[test]
    fn all_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("up.sock");
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(taken.local_addr().unwrap());
        let error = all(&[unix(&path), Listener::plain(address.clone())]).unwrap_err();
        assert_eq!(error.address, address);
        assert!(!path.exists());
        let systemd = Listener::plain(Address::Systemd(Some("up".into())));
        let error = all(&[systemd]).unwrap_err().to_string();
        assert!(error.starts_with("cannot listen on systemd:up: no such socket"), "{error}");
    }
}
