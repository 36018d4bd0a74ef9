//! A file that is damaged, foreign or too new is refused with one clear message, and stays as it was. (`open_bytes`
//! checks the latter each time.)

use crate::support::{Records, open, open_bytes, put, some_records, sound_file, write};
use put2bits::store::{FILE_NAME, StoreError};
use redb::{Database, TableDefinition};
use std::fs;
use std::ops::Range;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// The first page: the header and both commit slots.
const HEADER: Range<usize> = 0..512;

#[track_caller]
fn assert_refused(bytes: &[u8], what: &str) {
    match open_bytes(bytes) {
        Err(error @ StoreError::Damaged { .. }) => {
            let text = error.to_string();
            for part in [FILE_NAME, "damaged", "left untouched", "Move it away"] {
                assert!(text.contains(part), "{what}: {text:?} lacks {part:?}");
            }
            assert!(!text.contains('\n'), "{what}: {text:?}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

/// The file as a kill leaves it, and the states that it may be read as: the last one, and the one before, whose commit slot
/// redb falls back to when that of the last was cut off.
fn file_of_a_killed_store() -> (Vec<u8>, [Records; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let mut states = [some_records(40), some_records(40)];
    for (id, record) in &states[0] {
        write(&*opened.store, vec![put(id, record.clone())]);
    }
    states[1].insert("last".into(), b"one".to_vec());
    write(&*opened.store, vec![put("last", "one")]);
    (fs::read(dir.path().join(FILE_NAME)).unwrap(), states)
}

#[test]
fn sound_files_are_read() {
    let records = some_records(40);
    assert_eq!(open_bytes(&sound_file(&records)).unwrap(), records);
    let (file, states) = file_of_a_killed_store();
    assert_eq!(open_bytes(&file).unwrap(), states[1]);
}

#[test]
fn other_files_are_refused() {
    assert_refused(b"", "empty");
    assert_refused(b"x", "one byte");
    assert_refused(&[0; 1 << 20], "zeros");
    assert_refused(b"SQLite format 3\0 and so on, for some more bytes than a header has", "SQLite");
    assert_refused(b"redb\x1A\x0A\xA9\x0D\x0A", "the magic number alone");
}

#[test]
fn random_bytes_are_refused() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let sound = sound_file(&some_records(3));
    for round in 0..60 {
        let mut bytes: Vec<u8> = (0..random.usize(0..100_000)).map(|_| random.u8(..)).collect();
        // Half of them begin as a file of redb does, to get beyond the first look.
        let like = random.usize(0..HEADER.end).min(bytes.len());
        if round % 2 == 0 {
            bytes[..like].copy_from_slice(&sound[..like]);
        }
        assert_refused(&bytes, &format!("round {round}"));
    }
}

#[test]
fn a_file_cut_off_at_any_length_is_refused() {
    let (killed, _) = file_of_a_killed_store();
    for (what, file) in [("closed", sound_file(&some_records(40))), ("killed", killed)] {
        let pages = (0..file.len()).step_by(4096).flat_map(|at| [at, at + 1, at + 2048, at + 4095]);
        for length in pages.chain(HEADER.step_by(37)).filter(|&length| length < file.len()) {
            match open_bytes(&file[..length]) {
                Err(StoreError::Damaged { .. }) => {}
                // What was cut off may have been free.
                Ok(records) if what == "killed" => {
                    assert!(records.len() >= 40, "{what}, {length}: {} records", records.len());
                }
                other => panic!("{what}, cut off at {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn altered_bytes_are_refused_or_without_effect() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let truth = some_records(40);
    let (killed, states) = file_of_a_killed_store();
    for (what, file, states) in
        [("closed", sound_file(&truth), vec![truth]), ("killed", killed, states.to_vec())]
    {
        let used: Vec<usize> = (0..file.len()).filter(|&at| file[at] != 0).collect();
        let (mut refused, mut read) = (0, 0);
        for round in 0..400 {
            let mut bytes = file.clone();
            let at = match round % 3 {
                0 => random.usize(HEADER),
                _ => *random.choice(&used).unwrap(),
            };
            let length = if round % 4 == 0 { random.usize(1..5000).min(bytes.len() - at) } else { 1 };
            for byte in &mut bytes[at..at + length] {
                *byte ^= random.u8(1..);
            }
            match open_bytes(&bytes) {
                Err(StoreError::Damaged { .. }) => refused += 1,
                Ok(records) => {
                    assert!(states.contains(&records), "{what}: {length} bytes at {at} changed what is read");
                    read += 1;
                }
                other => panic!("{what}, {length} bytes at {at}: {other:?}"),
            }
        }
        println!("{what}: {refused} refused, {read} read all the same");
        assert!(refused > 30, "{what}: only {refused} refused");
    }
}

/// A sound file of redb whose meta table was changed.
fn with_meta(change: impl FnOnce(&mut redb::Table<'_, &str, &[u8]>)) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, sound_file(&some_records(3))).unwrap();
    let db = Database::open(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    change(&mut transaction.open_table(META).unwrap());
    transaction.commit().unwrap();
    drop(db);
    fs::read(path).unwrap()
}

#[test]
fn a_newer_schema_is_refused_as_such() {
    let file = with_meta(|meta| drop(meta.insert("schema", 2_u32.to_le_bytes().as_slice()).unwrap()));
    let error = open_bytes(&file).unwrap_err();
    assert!(matches!(error, StoreError::Newer { schema: 2, .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(FILE_NAME) && text.contains("newer version") && text.contains("move the file away")
    );
}

#[test]
fn a_file_of_redb_that_is_not_ours_is_refused() {
    assert_refused(&with_meta(|meta| drop(meta.remove("schema").unwrap())), "no schema");
    assert_refused(&with_meta(|meta| drop(meta.insert("schema", [0; 4].as_slice()).unwrap())), "schema 0");
    assert_refused(
        &with_meta(|meta| drop(meta.insert("schema", [1; 5].as_slice()).unwrap())),
        "a long schema",
    );
    assert_refused(&with_meta(|meta| drop(meta.insert("salt", [1; 31].as_slice()).unwrap())), "a short salt");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    drop(Database::create(&path).unwrap());
    assert_refused(&fs::read(path).unwrap(), "no tables");
}
