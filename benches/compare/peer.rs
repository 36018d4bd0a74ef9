//! What is compared, and how it is started.

use crate::process::Pins;
use clap::ValueEnum;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian puts nginx.
const NGINX: &str = "/usr/sbin/nginx";

/// Longest time from the start of a process to its first connection.
const START: Duration = Duration::from_secs(10);

/// Who carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// This program, one worker: PUT in, BITS out.
    Put2bits,
    /// The same, and each upload can be resumed: a 104 before its body, a record on disk.
    #[value(name = "put2bits-104")]
    Resumable,
    /// nginx, one worker, request buffering off: PUT in, PUT out.
    Nginx,
    /// The same with a buffer of 256 KiB an upload.
    #[value(name = "nginx-256k")]
    Nginx256k,
    /// Nobody: the source speaks to the PUT sink.
    Direct,
    /// Nobody: a BITS client speaks to the mock backend, fragments of 4 MiB.
    DirectBits,
}

/// What goes over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Put,
    /// A PUT that can be resumed.
    Resumable,
    Bits,
}

/// A proxy that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    addr: SocketAddr,
    /// Its configuration and files.
    _dir: TempDir,
}

impl Peer {
    /// What the client speaks.
    pub(crate) fn client(self) -> Protocol {
        match self {
            Peer::DirectBits => Protocol::Bits,
            Peer::Resumable => Protocol::Resumable,
            _ => Protocol::Put,
        }
    }

    /// What the backend speaks.
    pub(crate) fn backend(self) -> Protocol {
        match self {
            Peer::Put2bits | Peer::Resumable | Peer::DirectBits => Protocol::Bits,
            Peer::Nginx | Peer::Nginx256k | Peer::Direct => Protocol::Put,
        }
    }

    pub(crate) fn is_nginx(self) -> bool {
        matches!(self, Peer::Nginx | Peer::Nginx256k)
    }

    /// Whether it is installed; says how to get it if not.
    pub(crate) fn is_there(self) -> bool {
        let there = !self.is_nginx() || Path::new(NGINX).exists();
        if !there {
            println!("{self} is left out: there is no {NGINX}. To compare: apt-get install nginx-light");
        }
        there
    }

    /// Starts it in front of `backend`. Nothing if it is no proxy.
    pub(crate) fn start(self, backend: SocketAddr, pins: &Pins) -> io::Result<Option<Running>> {
        let dir = TempDir::new()?;
        let addr = free_port()?;
        let mut command = match self {
            Peer::Put2bits => put2bits(backend, addr, None, pins),
            Peer::Resumable => put2bits(backend, addr, Some(dir.path()), pins),
            Peer::Nginx => nginx(backend, addr, dir.path(), "", pins)?,
            Peer::Nginx256k => nginx(backend, addr, dir.path(), "client_body_buffer_size 256k;", pins)?,
            Peer::Direct | Peer::DirectBits => return Ok(None),
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut running = Running { child, addr, _dir: dir };
        running.wait()?;
        Ok(Some(running))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Running {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Until it takes connections.
    fn wait(&mut self) -> io::Result<()> {
        let end = Instant::now() + START;
        while let Err(error) = TcpStream::connect(self.addr) {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the proxy ended at once: {status}")));
            }
            if Instant::now() > end {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's master takes its worker with it only if it is asked to stop. Without `kill` it stays behind.
        let asked = Command::new("kill").arg(self.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// `state`: where it keeps its records; nothing: in memory.
fn put2bits(backend: SocketAddr, addr: SocketAddr, state: Option<&Path>, pins: &Pins) -> Command {
    // Another build can be named, to compare two.
    let binary = std::env::var("COMPARE_PUT2BITS").unwrap_or(env!("CARGO_BIN_EXE_put2bits").into());
    let mut command = pins.proxy(&binary);
    command
        .args(["serve", "--profile", "refuse", "--workers", "1", "--log", "error", "--admin-listen", "off"])
        .args(["--backend", &format!("http://{backend}/"), "--listen", &addr.to_string()]);
    match state {
        Some(dir) => command.arg("--state-dir").arg(dir),
        None => command.args(["--store", "memory"]),
    };
    command
}

fn nginx(
    backend: SocketAddr,
    addr: SocketAddr,
    dir: &Path,
    buffer: &str,
    pins: &Pins,
) -> io::Result<Command> {
    let (file, dir) = (dir.join("nginx.conf"), dir.display());
    std::fs::write(
        &file,
        format!(
            "daemon off; worker_processes 1; pid {dir}/pid; error_log stderr error;
            events {{ worker_connections 8192; }}
            http {{
                access_log off; client_max_body_size 0; {buffer}
                proxy_request_buffering off; proxy_http_version 1.1; keepalive_requests 1000000;
                client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
                fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
                upstream sink {{ server {backend}; keepalive 64; }}
                server {{
                    listen {addr};
                    location / {{ proxy_pass http://sink; proxy_set_header Connection \"\"; }}
                }}
            }}"
        ),
    )?;
    let mut command = pins.proxy(NGINX);
    command.arg("-e").arg("stderr").arg("-c").arg(file);
    Ok(command)
}

/// A port that was free a moment ago: nginx can't be asked for the one that the system chose.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
