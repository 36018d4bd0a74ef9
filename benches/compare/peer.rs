//! What is compared, and how it is started.

use crate::door::{self, Door};
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
    /// This program, HTTP/2 in front.
    #[value(name = "put2bits-h2")]
    Http2,
    /// The same with TLS and HTTP/1.1 in front.
    #[value(name = "put2bits-tls")]
    Tls,
    /// The same with TLS and HTTP/2 in front.
    #[value(name = "put2bits-tls-h2")]
    TlsHttp2,
    /// The same with TLS to the backend.
    #[value(name = "put2bits-tls-back")]
    TlsBack,
    /// nginx with a buffer of 256 KiB an upload, HTTP/2 in front.
    #[value(name = "nginx-h2")]
    NginxHttp2,
    /// The same with TLS and HTTP/1.1 in front.
    #[value(name = "nginx-tls")]
    NginxTls,
    /// The same with TLS and HTTP/2 in front.
    #[value(name = "nginx-tls-h2")]
    NginxTlsHttp2,
    /// The same with TLS to the backend.
    #[value(name = "nginx-tls-back")]
    NginxTlsBack,
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
            Peer::Direct => Protocol::Put,
            peer if peer.is_nginx() => Protocol::Put,
            _ => Protocol::Bits,
        }
    }

    /// How a client comes in.
    pub(crate) fn door(self) -> Door {
        match self {
            Peer::Http2 | Peer::NginxHttp2 => Door::Http2,
            Peer::Tls | Peer::NginxTls => Door::Tls,
            Peer::TlsHttp2 | Peer::NginxTlsHttp2 => Door::TlsHttp2,
            _ => Door::Http1,
        }
    }

    /// Whether it speaks TLS to its backend.
    pub(crate) fn encrypts(self) -> bool {
        matches!(self, Peer::TlsBack | Peer::NginxTlsBack)
    }

    /// HTTP/1.1 without TLS on both sides.
    pub(crate) fn is_plain(self) -> bool {
        self.door() == Door::Http1 && !self.encrypts()
    }

    /// Whether it takes part where doors are compared.
    pub(crate) fn shows_doors(self) -> bool {
        !self.is_plain() || matches!(self, Peer::Put2bits | Peer::Nginx256k | Peer::Direct)
    }

    pub(crate) fn is_nginx(self) -> bool {
        matches!(
            self,
            Peer::Nginx
                | Peer::Nginx256k
                | Peer::NginxHttp2
                | Peer::NginxTls
                | Peer::NginxTlsHttp2
                | Peer::NginxTlsBack
        )
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
            Peer::Direct | Peer::DirectBits => return Ok(None),
            peer if peer.is_nginx() => peer.nginx(backend, addr, dir.path(), pins)?,
            peer => peer.put2bits(backend, addr, dir.path(), pins)?,
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

impl Peer {
    fn put2bits(self, backend: SocketAddr, addr: SocketAddr, dir: &Path, pins: &Pins) -> io::Result<Command> {
        door::write_certificate(dir)?;
        // Another build can be named, to compare two.
        let binary = std::env::var("COMPARE_PUT2BITS").unwrap_or(env!("CARGO_BIN_EXE_put2bits").into());
        let file = dir.join("put2bits.toml");
        let dir = dir.display();
        let mut settings = match self.encrypts() {
            false => format!("[[backend]]\nname = \"sink\"\nurl = \"http://{backend}/\"\n"),
            true => format!(
                "[[backend]]\nname = \"sink\"\nurl = \"https://localhost:{}/\"\ntls_ca = \"{dir}/tls.crt\"\n",
                backend.port()
            ),
        };
        settings += "[[route]]\npath = \"/\"\nbackend = \"sink\"\nprofile = \"refuse\"\n";
        settings += &format!("[[listener]]\naddress = \"{addr}\"\n");
        if self.door().is_encrypted() {
            settings +=
                &format!("certificates = [{{ chain = \"{dir}/tls.crt\", key = \"{dir}/tls.key\" }}]\n");
        }
        std::fs::write(&file, settings)?;
        let mut command = pins.proxy(&binary);
        // As the image and the systemd unit set it.
        command.env("MALLOC_TRIM_THRESHOLD_", "4194304");
        command.args(["serve", "--workers", "1", "--log", "error", "--admin-listen", "off"]);
        command.arg("--config").arg(file);
        match self {
            Peer::Resumable => command.arg("--state-dir").arg(dir.to_string()),
            _ => command.args(["--store", "memory"]),
        };
        Ok(command)
    }

    fn nginx(self, backend: SocketAddr, addr: SocketAddr, dir: &Path, pins: &Pins) -> io::Result<Command> {
        door::write_certificate(dir)?;
        let (file, dir) = (dir.join("nginx.conf"), dir.display());
        let buffer = if self == Peer::Nginx { "" } else { "client_body_buffer_size 256k;" };
        let mut listen = addr.to_string();
        let mut more = String::new();
        if self.door().is_http2() {
            listen += " http2";
            more += "http2_body_preread_size 256k;";
        }
        if self.door().is_encrypted() {
            listen += " ssl";
            more += &format!("ssl_certificate {dir}/tls.crt; ssl_certificate_key {dir}/tls.key;");
        }
        let scheme = if self.encrypts() { "https" } else { "http" };
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
                        listen {listen}; {more}
                        location / {{ proxy_pass {scheme}://sink; proxy_set_header Connection \"\"; }}
                    }}
                }}"
            ),
        )?;
        let mut command = pins.proxy(NGINX);
        command.arg("-e").arg("stderr").arg("-c").arg(file);
        Ok(command)
    }
}

/// A port that was free a moment ago: nginx can't be asked for the one that the system chose.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
