//! The state directory: damaged, not writable, full. And what uploads that wait cost.

use crate::phone::{Leaving, Phone};
use crate::service::Service;
use crate::support::{Backend, File, Settings, message, program, within};
use put2bits::limits::{KIB, MIB};
use std::path::Path;
use std::process::Command;

const SAYS_DEGRADED: &str = "uploads will not survive a restart";

/// An upload that is dropped once and goes on.
async fn resumes(addr: std::net::SocketAddr, backend: &Backend, path: &str) {
    let mut phone = Phone::new(addr, path, File::new(5 * MIB));
    let mut going = phone.begin().await.unwrap();
    going.send_to(2 * MIB).await;
    going.leave(Leaving::Reset);
    phone.upload(None).await;
    backend.assert_stored(path, phone.file);
    assert!(phone.gone.is_empty(), "{:?}", phone.gone);
}

#[test]
fn a_damaged_file_is_refused_and_kept() {
    // Whoever tries to bind this port fails with another code.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(put2bits::store::FILE_NAME);
    for text in ["junk", "redb and then nothing of the kind", &"x".repeat(5000)] {
        std::fs::write(&file, text).unwrap();
        let mut command = program();
        command.args([
            "serve",
            "--backend",
            "http://127.0.0.1:1/",
            "--listen",
            &listen,
            "--admin-listen",
            "off",
        ]);
        let output = command.arg("--state-dir").arg(dir.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{said}");
        assert!(said.contains("is damaged, or not a file of put2bits"), "{said}");
        assert!(said.contains(file.to_str().unwrap()) && said.contains("Move it away"), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "it is as it was");
    }
}

#[tokio::test]
async fn two_processes_do_not_share_one() {
    let backend = Backend::new(&[], &[]);
    let service = Service::before(&backend).await;
    let mut second = program();
    second.args([
        "serve",
        "--backend",
        "http://127.0.0.1:1/",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "off",
    ]);
    let output = second.arg("--state-dir").arg(service.state()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(74) && said.contains("is in use by another process"), "{said}");
    resumes(service.addr, &backend, "/a").await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_made() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("file"), "not a directory").unwrap();
    let proxy = Settings::to(&backend).state_in(&dir.path().join("file/state")).start().await;
    let line = proxy.line("that it keeps nothing", |line| message(line).contains(SAYS_DEGRADED)).await;
    assert_eq!(line["level"], "ERROR");
    resumes(proxy.addr, &backend, "/a").await;
}

/// A shell that makes the program survive the signal of a file that grows beyond its limit.
fn without_the_signal() -> Command {
    let serve = program();
    let mut command = Command::new("sh");
    command.args(["-ec", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(serve.get_program()).arg("serve");
    for (name, _) in serve.get_envs() {
        command.env_remove(name);
    }
    command
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_runs_full() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let proxy = Settings::to(&backend).state_in(dir.path()).start_by(without_the_signal()).await;
    resumes(proxy.addr, &backend, "/before").await;
    assert!(!proxy.log_text().contains(SAYS_DEGRADED));
    // From now on each write fails.
    let (pid, limit) = (proxy.pid().to_string(), "--fsize=1:1");
    assert!(Command::new("prlimit").args(["--pid", &pid, limit]).status().unwrap().success());
    for number in 0..3 {
        resumes(proxy.addr, &backend, &format!("/{number}")).await;
    }
    proxy.line("that it keeps nothing", |line| message(line).contains(SAYS_DEGRADED)).await;
    assert_eq!(proxy.log_text().matches(SAYS_DEGRADED).count(), 1, "once is enough");
    // What was written before is whole.
    drop(proxy);
    let next = Settings::to(&backend).state_in(dir.path()).start().await;
    resumes(next.addr, &backend, "/after").await;
}

#[tokio::test]
async fn a_thousand_uploads_that_wait() {
    const UPLOADS: u64 = 1000;
    const MOST: u64 = 24 * KIB;
    let backend = Backend::new(&[], &[]);
    let mut service = Service::before(&backend).await;
    // Code and buffers that are touched once are not theirs.
    resumes(service.addr, &backend, "/first").await;
    let idle = service.proxy.memory().now;
    let mut phones = Vec::new();
    for number in 0..UPLOADS {
        let file = File::new(MIB).number(number);
        let mut phone = Phone::new(service.addr, &format!("/some/directory/IMG_{number}.mov"), file);
        let mut going = phone.begin().await.unwrap();
        going.send_to(100 * KIB).await;
        going.leave(Leaving::Closed);
        phones.push(phone);
    }
    let brought = backend.wait_for(|stats| stats.bytes >= 5 * MIB + UPLOADS * 100 * KIB);
    within("all of it", brought).await;
    for phone in &mut phones {
        within("an offset", phone.ask()).await;
        assert_eq!(phone.told, 100 * KIB);
    }
    let each = service.proxy.memory().now.saturating_sub(idle) / UPLOADS;
    service.kill().await;
    let again = service.proxy.memory().now.saturating_sub(idle) / UPLOADS;
    let on_disk = size(&service.state());
    println!(
        "each of {UPLOADS} uploads that wait: {each} bytes of memory, {again} after a restart; {} on disk",
        on_disk / UPLOADS
    );
    assert!(each < MOST && again < MOST);
    // They can go on.
    for phone in phones.iter_mut().step_by(100) {
        phone.upload(None).await;
        backend.assert_stored(&phone.path, phone.file);
        assert!(phone.gone.is_empty());
    }
}

fn size(dir: &Path) -> u64 {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}
