//! SIGKILL: what was acknowledged is there, whenever it comes.

use crate::child::{child, role, this};
use crate::support::{open, put, records, remove, write};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const ROUNDS: u32 = 24;
const THREADS: u32 = 4;

/// Writes until it is killed: each thread its own ids, one after the other, and prints what was acknowledged.
#[test]
fn child_writes_for_ever() {
    let Some(dir) = role("kill::child_writes_for_ever") else { return };
    let opened = open(&dir);
    let store = Arc::clone(&opened.store);
    let generation = records(&opened).get("generation").map_or(0, |record| record[0]) + 1;
    write(&*store, vec![put("generation", [generation])]);
    println!("\nready {generation}");
    let threads = (0..THREADS).map(|thread| {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            for count in 1..u32::MAX {
                // A record that changes all the time, and ones that come and go.
                let (id, passing) =
                    (format!("{generation}-{thread}"), format!("{generation}-{thread}-{count}"));
                let record = [&count.to_le_bytes()[..], &[thread as u8; 400]].concat();
                write(&*store, vec![put(&id, record), put(&passing, "x")]);
                println!("\nput {id} {count}");
                write(&*store, vec![remove(&passing)]);
                println!("\nremoved {passing}");
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    // What each id was last acknowledged with, over all rounds.
    let mut acknowledged: HashMap<String, u32> = HashMap::new();
    let (mut generation, mut writes) = (0, 0);
    for round in 0..ROUNDS {
        let program = this();
        let mut process = child(&[program.as_os_str()], "kill::child_writes_for_ever", &dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Some are killed while they open, or even make, the file.
        if round % 4 != 0 {
            assert!(lines.any(|line| ready(&line, &mut generation)), "round {round}");
        }
        thread::sleep(Duration::from_micros(random.u64(0..40_000)));
        process.kill().unwrap();
        process.wait().unwrap();

        let mut removed = Vec::new();
        for line in lines {
            ready(&line, &mut generation);
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["put", id, count] => {
                    let Ok(count) = count.parse() else { continue }; // the last line, cut off
                    acknowledged.insert(id.to_owned(), count);
                    writes += 1;
                }
                ["removed", id] => removed.push(id.to_owned()),
                _ => {}
            }
        }
        let opened = open(&dir);
        assert!(!opened.health.is_degraded());
        let records = records(&opened);
        assert!(records.get("generation").map_or(0, |record| record[0]) >= generation);
        for (id, count) in &acknowledged {
            let (stored, rest) = records[id].split_at(4);
            let stored = u32::from_le_bytes(stored.try_into().unwrap());
            assert!((*count..=*count + 1).contains(&stored), "{id}: {count} acknowledged, {stored} stored");
            assert_eq!(rest.len(), 400);
        }
        for id in &removed {
            assert!(!records.contains_key(id), "{id} is back");
        }
        // Of those that come and go one may be left behind for each thread that was killed, no more.
        let left = records.keys().filter(|id| id.matches('-').count() == 2).count() as u32;
        assert!(left <= THREADS * (round + 1), "{left} left behind");
    }
    println!("{writes} acknowledged writes over {ROUNDS} kills");
    assert!(writes > ROUNDS, "hardly anything was written");
}

/// Whether the child says with this line that it has opened the store. Takes note of how many did.
fn ready(line: &str, generation: &mut u8) -> bool {
    let said = line.strip_prefix("ready ").and_then(|number| number.parse().ok());
    *generation = said.unwrap_or(*generation);
    said.is_some()
}
