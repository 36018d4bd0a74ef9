//! What is written is there at the next opening, for one process at a time.

use crate::support::{Records, block_on, eventually, open, put, records, remove, reopened, write};

use put2bits::store::{Embedded, FILE_NAME, Memory, StoreError};
use std::fs;

#[test]
fn records_and_salt_outlive_the_store() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("made/when/missing");
    let first = open(&dir);
    assert!(first.records.is_empty());
    write(&*first.store, vec![put("a", "1"), put("b", "2"), put("c", "3")]);
    write(&*first.store, vec![put("a", "one"), remove("b"), remove("never there")]);
    let salt = first.salt;
    drop(first);

    let second = open(&dir);
    assert_eq!(second.salt, salt);
    assert_eq!(records(&second), Records::from([("a".into(), "one".into()), ("c".into(), "3".into())]));
    write(&*second.store, vec![remove("a"), remove("c")]);
    assert!(!second.health.is_degraded());
    drop(second);
    assert!(reopened(&dir).is_empty());
}

#[test]
fn each_store_has_a_salt_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let salts = [
        open(&dir.path().join("1")).salt,
        open(&dir.path().join("2")).salt,
        Memory::open().unwrap().salt,
        Memory::open().unwrap().salt,
    ];
    for (at, salt) in salts.iter().enumerate() {
        assert!(!salts[..at].contains(salt) && *salt != [0; 32]);
    }
}

#[test]
fn the_newest_change_wins_within_a_call_and_between_calls() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    // All given before the first is awaited. The order is that of the calls, not that of the polls.
    let futures = [
        opened.store.write(vec![put("a", "1"), put("a", "2"), remove("a"), put("a", "3")]),
        opened.store.write(vec![put("b", "1")]),
        opened.store.write(vec![remove("b")]),
        opened.store.write(vec![put("a", "4"), put("c", "1")]),
        opened.store.write(vec![]),
    ];
    futures.into_iter().rev().for_each(block_on);
    drop(opened);
    assert_eq!(reopened(dir.path()), Records::from([("a".into(), "4".into()), ("c".into(), "1".into())]));
}

#[test]
fn writes_that_come_together_share_commits() {
    const WRITES: u64 = 2000;
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let futures: Vec<_> = (0..WRITES).map(|n| opened.store.write(vec![put(&n.to_string(), "x")])).collect();
    futures.into_iter().for_each(block_on);
    let commits = opened.health.commits();
    assert!((1..=WRITES / 2).contains(&commits), "{commits} commits");
    drop(opened);
    assert_eq!(reopened(dir.path()).len() as u64, WRITES);
}

#[test]
fn what_nobody_waits_for_is_written_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    drop(opened.store.write(vec![put("a", "1")]));
    drop(opened);
    assert_eq!(reopened(dir.path()).len(), 1);
}

#[test]
fn a_second_opener_is_told_that_the_file_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let error = Embedded::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(FILE_NAME) && text.contains("in use by another process"), "{text}");
    write(&*first.store, vec![put("a", "1")]);
    drop(first);
    assert_eq!(reopened(dir.path()).len(), 1);
}

#[test]
fn of_many_that_make_the_file_together_one_gets_it() {
    for _ in 0..20 {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("state");
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| Embedded::open(&dir))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (got, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(got.len(), 1);
        assert!(refused.iter().all(|result| matches!(result, Err(StoreError::InUse { .. }))));
        let salt = got[0].as_ref().unwrap().salt;
        drop(got);
        assert_eq!(open(&dir).salt, salt);
    }
}

#[test]
fn a_file_half_made_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("put2bits.redb.new"), [7; 5000]).unwrap();
    let opened = open(dir.path());
    assert!(!opened.health.is_degraded());
    write(&*opened.store, vec![put("a", "1")]);
    drop(opened);
    assert_eq!(reopened(dir.path()).len(), 1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    let _opened = open(&dir);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(dir.clone()), mode(dir.join(FILE_NAME))), (0o700, 0o600));
}

#[test]
fn memory_keeps_nothing_and_is_ready_at_once() {
    let opened = Memory::open().unwrap();
    write(&Memory, vec![put("a", "1")]);
    write(&*opened.store, vec![put("a", "1"), remove("a")]);
    assert!(opened.records.is_empty() && !opened.health.is_degraded());
}

#[test]
fn an_idle_store_ends_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let clone = opened.store.clone();
    drop(opened);
    let ended = std::thread::spawn(move || drop(clone));
    eventually("the end of the store", || ended.is_finished());
}
