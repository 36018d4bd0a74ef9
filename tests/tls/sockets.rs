//! Unix sockets, sockets that systemd passes on, several listeners at once, and what systemd is told.

use crate::authority::{Authority, listener, route};
use crate::client::{Hand, put};
use crate::curl;
use crate::support::{Backend, Settings, message, program, signal, within};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};

fn unix(path: &str, lines: &str, backend: &Backend) -> String {
    format!("[[listener]]\naddress = 'unix:{path}'\n{lines}\n{}", route(&backend.url()))
}

#[tokio::test]
async fn curl_uploads_over_a_unix_socket() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let (socket, file) = (authority.path("up.sock"), authority.path("ca.crt"));
    // A process that was killed has left one.
    drop(UnixListener::bind(&socket).unwrap());
    let mut proxy = Settings::listeners(&unix(&socket, "mode = '0600'", &backend)).start().await;
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let run = curl::run(vec!["--unix-socket", &socket, "-T", &file, "http://up.test/a"]).await;
    assert_eq!((run.exit, run.status), (0, 201), "{run:?}");
    assert_eq!(proxy.upload_line("/a").await["client"], "127.0.0.1:0");
    // A second program leaves it alone.
    let text = unix(&socket, "", &backend);
    std::fs::write(
        authority.file("second.toml"),
        format!("admin.listen = 'off'\nstate.store = 'memory'\n{text}"),
    )
    .unwrap();
    let second = program().args(["serve", "--config", &authority.path("second.toml")]).output().unwrap();
    let line = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(69), "{line}");
    assert!(
        line.contains(&format!("cannot listen on unix:{socket}: another process listens there")),
        "{line}"
    );
    // At the end it is gone.
    signal(proxy.pid(), "TERM");
    assert_eq!(proxy.exit_code().await, Some(0));
    assert!(!authority.file("up.sock").exists());
}

#[tokio::test]
async fn several_listeners_at_once() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let socket = authority.path("up.sock");
    let tls = authority.listener("up", "", &backend.url());
    let text = format!("listen = '127.0.0.1:0'\n[[listener]]\naddress = 'unix:{socket}'\n{tls}");
    let proxy = Settings::listeners(&text).start().await;
    assert_eq!(put(&mut TcpStream::connect(proxy.addr).await.unwrap(), "/tcp").await.unwrap(), 201);
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    assert_eq!(put(&mut stream, "/unix").await.unwrap(), 201);
    let line =
        proxy.line("its TLS listener", |line| message(line).starts_with("listening on https://")).await;
    let addr = message(&line).strip_prefix("listening on https://").unwrap().parse().unwrap();
    let mut stream = Hand::new(&authority).connect(addr, "up.test").await.unwrap();
    assert_eq!(put(&mut stream, "/tls").await.unwrap(), 201);
}

#[tokio::test]
async fn all_addresses_or_none() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!(
        "admin.listen = 'off'\nstate.store = 'memory'\n[[listener]]\naddress = '{address}'\n{}",
        unix(&authority.path("up.sock"), "", &backend)
    );
    std::fs::write(authority.file("p.toml"), text).unwrap();
    let run = program().args(["serve", "--config", &authority.path("p.toml")]).output().unwrap();
    let line = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(69), "{line}");
    assert!(line.contains(&format!("cannot listen on {address}: ")), "{line}");
    assert!(!authority.file("up.sock").exists());
}

#[tokio::test]
async fn sockets_of_systemd_are_taken_by_name() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    // Free at the moment; systemd-socket-activate wants to know.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = authority.path("passed.sock");
    let pair = authority.pair("up");
    let text = format!(
        "admin.listen = 'off'\n[[listener]]\naddress = 'systemd'\n\
         [[listener]]\naddress = 'systemd:tls'\ncertificates = [{pair}]\n{}",
        route(&backend.url())
    );
    let mut command = Command::new("systemd-socket-activate");
    command.args(["--listen", &free.to_string(), "--listen", &socket, "--fdname=tls:rest"]);
    command.arg("--setenv=TMPDIR");
    for key in ["log.format", "state.store"] {
        command.arg(format!("--setenv={}", put2bits::config::variable(key)));
    }
    command.arg(env!("CARGO_BIN_EXE_put2bits")).arg("serve");
    // It starts the program when somebody connects.
    let knock = tokio::spawn(async move {
        loop {
            let _open = TcpStream::connect(free).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let proxy = within("the program", Settings::listeners(&text).start_by(command)).await;
    knock.abort();
    proxy.line("both", |line| message(line) == format!("listening on https://{free}")).await;
    proxy.line("both", |line| message(line) == format!("listening on unix:{socket}")).await;
    let mut stream = Hand::new(&authority).connect(free, "up.test").await.unwrap();
    assert_eq!(put(&mut stream, "/tls").await.unwrap(), 201);
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    assert_eq!(put(&mut stream, "/unix").await.unwrap(), 201);
}

#[tokio::test]
async fn systemd_is_told_how_it_goes() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let path = authority.file("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = || {
        let mut text = [0; 1024];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let mut command = program();
    command.arg("serve").env("NOTIFY_SOCKET", &path);
    let mut proxy = Settings::listeners(&listener("", &backend.url())).start_by(command).await;
    assert_eq!(told(), "READY=1\n");
    signal(proxy.pid(), "HUP");
    let reloading = told();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told(), "READY=1\n");
    signal(proxy.pid(), "TERM");
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(proxy.exit_code().await, Some(0));
}
