//! The image: what it says of itself, and that the program has all it needs where there is nothing else.
//!
//! `deploy/build-image` has built it before, from the same stage of the Dockerfile that a build with a base image ends with.

use crate::program::wrong_arguments;
use crate::tools::{have, output, repository, run, target};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The image in OCI layout.
struct Image {
    folder: PathBuf,
    manifest: Value,
}

impl Image {
    /// The one that was built, if it was.
    fn built() -> Option<Image> {
        let folder = target("image/oci");
        let there = folder.join("index.json").is_file();
        if !have("target/image/oci", there, "deploy/build-image dev") {
            return None;
        }
        let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
        let mut image = Image { folder, manifest: Value::Null };
        image.manifest = image.json(&index["manifests"][0]);
        Some(image)
    }

    /// Where something that the image consists of is.
    fn blob(&self, descriptor: &Value) -> PathBuf {
        let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
        self.folder.join("blobs").join(digest)
    }

    fn json(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(&fs::read(self.blob(descriptor)).unwrap()).unwrap()
    }

    /// Its settings.
    fn config(&self) -> Value {
        self.json(&self.manifest["config"])["config"].take()
    }

    /// Its files.
    fn layers(&self) -> impl Iterator<Item = PathBuf> {
        self.manifest["layers"].as_array().unwrap().iter().map(|layer| self.blob(layer))
    }

    /// Its files in a folder, as what runs a container lays them out.
    fn unpacked(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for layer in self.layers() {
            output(
                Command::new("tar")
                    .args(["-x", "--numeric-owner", "-f"])
                    .arg(layer)
                    .arg("-C")
                    .arg(folder.path()),
                b"",
            );
        }
        for name in ["tmp", "dev"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for device in DEVICES {
            fs::write(folder.path().join("dev").join(device), "").unwrap();
        }
        // The program's user has to get in.
        output(Command::new("chmod").arg("0755").arg(folder.path()), b"");
        folder
    }
}

/// Devices that every container has.
const DEVICES: [&str; 3] = ["null", "random", "urandom"];

/// Whether a folder can be made the root of a process here.
fn can_change_root() -> bool {
    let allowed =
        Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|run| run.status.success());
    have("the right to change the root folder", allowed, "run this as root")
}

/// The program of the image where there is nothing but the image: as its user, with a root that cannot be written to.
fn contained(root: &Path, arguments: &[&str]) -> Command {
    let mut script = "set -e; cd \"$1\"; mount --bind . .; cd \"$1\"; mount -o remount,bind,ro .; mount -t tmpfs tmpfs tmp; "
        .to_owned();
    for device in DEVICES {
        script.push_str(&format!("mount --bind /dev/{device} dev/{device}; "));
    }
    script.push_str("shift; exec chroot --userspec=65532:65532 --groups= . /put2bits \"$@\"");
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(["--mount", "--", "sh", "-c", &script, "sh"]).arg(root).args(arguments);
    command
}

#[test]
fn the_image_says_what_it_is() {
    let Some(image) = Image::built() else { return };
    let config = image.config();
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/put2bits"]));
    let arguments: Vec<&str> =
        config["Cmd"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(wrong_arguments(&arguments), None);
    let variables = config["Env"].to_string();
    assert!(
        variables.contains("MALLOC_TRIM_THRESHOLD_=4194304") && !variables.contains("PUT2BITS_"),
        "{variables}"
    );
    assert_eq!(config["Labels"]["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    for label in ["title", "description", "licenses", "revision"] {
        let value = config["Labels"][format!("org.opencontainers.image.{label}")].as_str().unwrap();
        assert!(!value.is_empty(), "{label}");
    }
}

/// One program, nothing else to run, nothing that its user may change but the state.
#[test]
fn the_image_holds_one_program() {
    let Some(image) = Image::built() else { return };
    let mut programs = Vec::new();
    for layer in image.layers() {
        let list = output(Command::new("tar").args(["-tv", "--numeric-owner", "-f"]).arg(layer), b"");
        for line in String::from_utf8(list).unwrap().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (mode, owner, name) = (words[0], words[1], words[5]);
            let is_state = name == "var/lib/put2bits/";
            assert_eq!(owner, if is_state { "65532/65532" } else { "0/0" }, "{line}");
            assert!(!mode.contains(['s', 't']) && mode.as_bytes()[8] != b'w', "{line}");
            if mode.starts_with('-') && mode.contains('x') {
                programs.push(name.to_owned());
            }
        }
    }
    assert_eq!(programs, ["put2bits"]);
}

#[test]
fn the_demo_works_in_an_empty_root() {
    let (Some(image), true) = (Image::built(), can_change_root()) else { return };
    let root = image.unpacked();
    let roots = fs::read_to_string(root.path().join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    assert!(roots.matches("BEGIN CERTIFICATE").count() > 50);
    let run = run(&mut contained(root.path(), &["demo", "--size", "8MiB"]), b"");
    let (said, wrong) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{said}\n{wrong}");
}

/// A server that answers every question for an IPv4 address with 127.0.0.1. Programs ask for names at port 53 alone, so it
/// has an address of its own.
fn name_server() -> Ipv4Addr {
    let address = Ipv4Addr::new(127, 83, 66, 53);
    let socket = UdpSocket::bind((address, 53)).unwrap();
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let mut answer = question[..length].to_vec();
            // Behind the head of 12 bytes: the name, which ends with a zero, its type and its class.
            let end = 12 + question[12..length].iter().position(|byte| *byte == 0).unwrap() + 5;
            answer.truncate(end);
            let is_ipv4 = answer[end - 4..end - 2] == [0, 1];
            // An answer, no error; one question, one record or none.
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
            if is_ipv4 {
                // The name above, IPv4, Internet, a minute, four bytes.
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `serve` for a backend, and gives its address.
fn serve(root: &Path, backend: &str) -> (Running, SocketAddr) {
    let arguments = [
        "serve",
        "--store",
        "memory",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "off",
        "--backend",
        backend,
    ];
    let child = contained(root, &arguments).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut said = String::new();
    let mut log = BufReader::new(running.0.stderr.take().unwrap());
    loop {
        let begin = said.len();
        assert_ne!(log.read_line(&mut said).unwrap(), 0, "{said}");
        if let Some((_, address)) = said[begin..].split_once("listening on http://") {
            // Whoever writes to a log that nobody reads would wait.
            let address = address.trim().parse().unwrap();
            thread::spawn(move || log.read_to_end(&mut Vec::new()));
            return (running, address);
        }
    }
}

/// The head of a request, in small letters.
fn head(stream: TcpStream) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(stream);
    while lines.read_line(&mut head).unwrap() > 2 {}
    head.to_lowercase()
}

#[test]
fn names_are_resolved_in_an_empty_root() {
    let (Some(image), true) = (Image::built(), can_change_root()) else { return };
    let root = image.unpacked();
    fs::write(root.path().join("etc/hosts"), "127.0.0.1 hosts.test\n").unwrap();
    let server = name_server();
    fs::write(root.path().join("etc/resolv.conf"), format!("nameserver {server}\n")).unwrap();
    for name in ["hosts.test", "dns.test"] {
        let backend = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("{name}:{}", backend.local_addr().unwrap().port());
        let (_running, address) = serve(root.path(), &format!("http://{host}/"));
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx").unwrap();
        // A name that is not found would be tried again for 15 s.
        let (told, request) = mpsc::channel();
        thread::spawn(move || told.send(head(backend.accept().unwrap().0)));
        let request = request.recv_timeout(Duration::from_secs(30)).expect("nobody came");
        assert!(
            request.starts_with("bits_post /f ") && request.contains(&format!("host: {host}\r\n")),
            "{request}"
        );
    }
}

/// What a build needs can be read in the Dockerfile, also where nothing can be built.
#[test]
fn the_dockerfile_ends_with_an_empty_base() {
    let text = fs::read_to_string(repository("deploy/Dockerfile")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.iter().rfind(|line| line.starts_with("FROM ")), Some(&"FROM scratch"));
    let toolchain = concat!("ARG RUST=", env!("CARGO_PKG_RUST_VERSION"));
    assert!(lines.contains(&toolchain), "{toolchain}");
    assert!(lines.contains(&concat!("ARG VERSION=", env!("CARGO_PKG_VERSION"))));
    // No base by a name that means something else tomorrow, nothing from anywhere but the context.
    assert!(!text.contains(":latest") && !lines.iter().any(|line| line.starts_with("ADD ")));
    let kept = fs::read_to_string(repository(".dockerignore")).unwrap();
    for needed in ["/Cargo.toml", "/Cargo.lock", "/src", "/examples", "/benches", "/deploy/image-root"] {
        assert!(
            kept.lines().any(|line| line == format!("!{needed}")) && repository(&needed[1..]).exists(),
            "{needed}"
        );
    }
}
