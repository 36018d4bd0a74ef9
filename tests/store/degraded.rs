//! Disks that take nothing: uploads go on, the log says so once, and what changed is written when it is possible again.
//!
//! Such disks need a file system of their own, mounted where only a child process sees it, or a limit on the size of its
//! files. Where the system allows no mounts, those tests say so and prove nothing.

use crate::child::{child, role, this};
use crate::support::{Records, eventually, open, open_bytes, put, records, remove, reopened, write};
use put2bits::store::{Embedded, FILE_NAME};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

const SAYS_DEGRADED: &str = "uploads will not survive a restart";
const SAYS_HEALTHY: &str = "written again";

/// Logs of a child, for its parent.
fn log() {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
}

/// What a child wrote to its standard error. It must have succeeded.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
    text
}

#[track_caller]
fn assert_said(log: &str, what: &str, times: usize) {
    assert_eq!(log.lines().filter(|line| line.contains(what)).count(), times, "{what:?} in\n{log}");
}

/// Runs a child where `setup` has prepared the directory, in a mount namespace of its own. None if there are none.
#[cfg(target_os = "linux")]
fn run_mounted(setup: &str, role: &str, dir: &Path) -> Option<String> {
    // Root needs no user namespace; who is not needs one to be allowed to mount.
    for unshare in ["-m", "-rm"] {
        if Command::new("unshare")
            .args([unshare, "mount", "-t", "tmpfs", "none"])
            .arg(dir)
            .status()
            .is_ok_and(|s| s.success())
        {
            let (program, script) = (this(), format!("{setup}; exec \"$@\""));
            let words = ["unshare", unshare, "sh", "-ec", &script, "sh"].map(OsStr::new);
            return Some(run(&mut child(&[&words[..], &[program.as_os_str()]].concat(), role, dir)));
        }
    }
    println!("not proved here: this system allows no mounts");
    None
}

#[test]
fn a_directory_that_cannot_be_made_is_not_fatal() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "not a directory").unwrap();
    let opened = open(&dir.path().join("file/state"));
    assert!(opened.health.is_degraded() && opened.records.is_empty());
    assert_eq!(opened.health.failed_writes(), 1);
    write(&*opened.store, vec![put("a", "1")]);
}

#[test]
fn what_changed_is_written_when_the_directory_can_be_made() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let dir = file.join("state");
    let opened = open(&dir);
    write(&*opened.store, vec![put("a", "1"), put("b", "1"), put("c", "1")]);
    write(&*opened.store, vec![put("a", "2"), remove("b")]);
    assert_eq!(opened.health.commits(), 0);
    fs::remove_file(&file).unwrap();
    eventually("a commit", || !opened.health.is_degraded());
    write(&*opened.store, vec![remove("c"), put("d", "1")]);
    let salt = opened.salt;
    drop(opened);
    let opened = open(&dir);
    assert_eq!(records(&opened), Records::from([("a".into(), "2".into()), ("d".into(), "1".into())]));
    assert_eq!(opened.salt, salt);
}

#[test]
fn what_waits_is_tried_once_more_at_the_end() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let opened = open(&file.join("state"));
    write(&*opened.store, vec![put("a", "1")]);
    fs::remove_file(&file).unwrap();
    drop(opened);
    assert_eq!(reopened(&file.join("state")).len(), 1);
}

/// A file that could not be read at the start may hold records of other uploads, under another salt.
#[test]
fn a_file_that_was_not_read_at_the_start_is_not_written() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    write(&*open(&dir).store, vec![put("old", "1")]);
    let before = fs::read(dir.join(FILE_NAME)).unwrap();
    let away = parent.path().join("away");
    fs::rename(&dir, &away).unwrap();
    fs::write(&dir, "in the way").unwrap();
    let opened = open(&dir);
    write(&*opened.store, vec![put("new", "1")]);
    fs::remove_file(&dir).unwrap();
    fs::rename(&away, &dir).unwrap();
    eventually("another attempt", || opened.health.failed_writes() > 1);
    assert!(opened.health.is_degraded());
    drop(opened);
    assert!(fs::read(dir.join(FILE_NAME)).unwrap() == before, "it was changed");
    assert_eq!(reopened(&dir), Records::from([("old".into(), "1".into())]));
}

#[cfg(target_os = "linux")]
#[test]
fn child_with_a_read_only_directory() {
    let Some(dir) = role("degraded::child_with_a_read_only_directory") else { return };
    log();
    let opened = open(&dir);
    assert!(opened.health.is_degraded());
    // What can be read is there all the same.
    assert_eq!(records(&opened), Records::from([("a".into(), "1".into())]));
    write(&*opened.store, vec![put("a", "2")]);
    assert!(matches!(Embedded::open(&dir.join("none")).unwrap().records[..], []));
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_directory_is_read_and_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    write(&*first.store, vec![put("a", "1")]);
    drop(first);
    let before = fs::read(dir.path().join(FILE_NAME)).unwrap();
    let setup = "mount --bind \"$PUT2BITS_TEST_STORE_DIR\" \"$PUT2BITS_TEST_STORE_DIR\"; \
                 mount -o remount,ro,bind \"$PUT2BITS_TEST_STORE_DIR\"";
    let role = "degraded::child_with_a_read_only_directory";
    let Some(log) = run_mounted(setup, role, dir.path()) else { return };
    assert_said(&log, SAYS_DEGRADED, 2);
    assert_said(&log, "Read-only file system", 2);
    assert!(fs::read(dir.path().join(FILE_NAME)).unwrap() == before, "it was changed");
}

/// Records that make the file grow beyond what the disk has.
const LARGE: usize = 64 * 1024;

#[cfg(target_os = "linux")]
#[test]
fn child_with_a_full_disk() {
    let Some(dir) = role("degraded::child_with_a_full_disk") else { return };
    log();
    let state = dir.join("state");
    let opened = open(&state);
    write(&*opened.store, vec![put("early", "1"), put("gone", "1"), put("newer", "1")]);
    assert!(!opened.health.is_degraded());
    let filler = dir.join("filler");
    // As much as there is room for; the rest fails.
    let _ = fs::write(&filler, vec![1; 64 << 20]);
    let mut expected = Records::from([("early".into(), "1".into()), ("newer".into(), "2".into())]);
    for n in 0..40 {
        write(&*opened.store, vec![put(&n.to_string(), vec![n; LARGE]), remove("gone"), put("newer", "2")]);
        expected.insert(n.to_string(), vec![n; LARGE]);
    }
    assert!(opened.health.is_degraded(), "the disk was not full");
    // What had been written before can be read as it is, should the process end now.
    assert_eq!(open_bytes(&fs::read(state.join(FILE_NAME)).unwrap()).unwrap()["early"], b"1");
    eventually("a second failure", || opened.health.failed_writes() > 1);
    fs::remove_file(filler).unwrap();
    eventually("a commit", || !opened.health.is_degraded());
    write(&*opened.store, vec![remove("39")]);
    expected.remove("39");
    drop(opened);
    assert!(reopened(&state) == expected);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_survived_and_written_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let setup = "mount -t tmpfs -o size=8m none \"$PUT2BITS_TEST_STORE_DIR\"";
    let Some(log) = run_mounted(setup, "degraded::child_with_a_full_disk", dir.path()) else { return };
    assert_said(&log, SAYS_DEGRADED, 1);
    assert_said(&log, SAYS_HEALTHY, 1);
}

#[cfg(unix)]
#[test]
fn child_with_a_limit() {
    let Some(dir) = role("degraded::child_with_a_limit") else { return };
    log();
    let opened = open(&dir);
    let mut healthy = 0;
    for n in 0..100 {
        write(&*opened.store, vec![put(&n.to_string(), vec![n; LARGE])]);
        if !opened.health.is_degraded() {
            healthy = n + 1;
        }
    }
    assert!(opened.health.is_degraded(), "there was no limit");
    println!("\n{healthy} written");
    fs::write(dir.join("healthy"), [healthy]).unwrap();
}

/// Needs no right to mount: a limit on the size of files makes writes fail as well.
#[cfg(unix)]
#[test]
fn what_was_written_before_the_disk_was_full_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let program = this();
    // Half a kibibyte or a whole one, by the shell: 2 or 4 MiB. Without the trap the signal would end the child.
    let words = ["sh", "-ec", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"].map(OsStr::new);
    let words = [&words[..], &[program.as_os_str()]].concat();
    let log = run(&mut child(&words, "degraded::child_with_a_limit", dir.path()));
    assert_said(&log, SAYS_DEGRADED, 1);
    let healthy = fs::read(dir.path().join("healthy")).unwrap()[0];
    let records = reopened(dir.path());
    assert!(healthy > 0);
    for n in 0..healthy {
        assert!(records[&n.to_string()] == vec![n; LARGE], "{n} of {healthy}");
    }
}
