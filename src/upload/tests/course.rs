//! The states, and what may be told.

use super::*;
use crate::limits::UploadLimits;
use crate::resumable::reply::Told;
use proptest::prelude::*;

fn name(life: &Life) -> &'static str {
    match life.state() {
        State::Idle => "idle",
        State::Receiving => "receiving",
        State::Finalizing => "finalizing",
        State::Done(Ok(_)) => "stored",
        State::Done(Err(_)) => "failed",
        State::Gone(_) => "gone",
    }
}

/// Something that happens to an upload, and its name.
type Event = (&'static str, fn(&mut Life));

const EVENTS: [Event; 10] = [
    ("acknowledged 60", |life| life.acknowledged(exact(60), at(9))),
    ("acknowledged 40", |life| life.acknowledged(exact(40), at(9))),
    ("paused 60", |life| life.paused(exact(60), at(9))),
    ("paused 40", |life| life.paused(exact(40), at(9))),
    ("paused without a session", |life| life.paused(Continuation::default(), at(9))),
    ("finalizing 100", |life| life.finalizing(exact(100), at(9))),
    ("stored", |life| life.finished(Ok(stored()), at(9))),
    ("failed", |life| life.finished(Err(failed()), at(9))),
    ("ended", |life| life.end(Problem::UploadCancelled, at(9))),
    ("told", |life| {
        life.tell(at(9));
    }),
];

#[test]
fn every_state_and_every_event() {
    // For each event: the state and the offset after it, from Idle, Receiving, Finalizing.
    let open = [
        ("acknowledged 60", ["idle 60", "receiving 60", "finalizing 60"]),
        ("acknowledged 40", ["idle 50", "receiving 50", "finalizing 50"]),
        ("paused 60", ["idle 60", "idle 60", "finalizing 60"]),
        ("paused 40", ["idle 50", "idle 50", "finalizing 50"]),
        ("paused without a session", ["idle 50", "idle 50", "finalizing 50"]),
        ("finalizing 100", ["finalizing 100", "finalizing 100", "finalizing 100"]),
        ("stored", ["stored 100", "stored 100", "stored 100"]),
        ("failed", ["failed 100", "failed 100", "failed 100"]),
        ("ended", ["gone 50", "gone 50", "gone 50"]),
        ("told", ["idle 50", "receiving 50", "finalizing 50"]),
    ];
    for ((event, happen), (row, wanted)) in EVENTS.into_iter().zip(open) {
        assert_eq!(event, row);
        for (state, wanted) in [State::Idle, State::Receiving, State::Finalizing].into_iter().zip(wanted) {
            let mut life = half_way(state);
            happen(&mut life);
            assert_eq!(format!("{} {}", name(&life), life.offset()), wanted, "{event}");
            assert_eq!(life.continuation().checkpoint.is_some(), life.is_open(), "{event}");
        }
        // What has ended stays as it is, but for being forgotten.
        for state in every_state().into_iter().skip(3) {
            let mut life = half_way(state.clone());
            happen(&mut life);
            let wanted = if event == "ended" { State::Gone(Problem::UploadCancelled) } else { state };
            assert_eq!((life.state(), life.offset()), (&wanted, 50), "{event}");
            assert_eq!(life.continuation(), &Continuation::default(), "{event}");
        }
    }
}

#[test]
fn while_a_request_feeds_it_there_is_doubt() {
    let in_doubt =
        |life: &Life| life.continuation().checkpoint.as_ref().map(|checkpoint| checkpoint.in_doubt);
    let mut life = half_way(State::Receiving);
    life.acknowledged(exact(60), at(4));
    assert_eq!(in_doubt(&life), Some(true));
    life.paused(exact(60), at(5));
    assert_eq!(in_doubt(&life), Some(false));
}

#[test]
fn an_attempt_that_lost_a_race_is_not_listened_to() {
    let mut life = half_way(State::Receiving);
    let before = life.continuation().clone();
    life.paused(exact(49), at(9));
    life.acknowledged(exact(0), at(9));
    assert_eq!((life.continuation(), life.touched), (&before, at(3)));
}

#[test]
fn what_is_told_is_remembered() {
    let mut life = half_way(State::Receiving);
    assert_eq!(life.tell(at(4)), Told { offset: 50, length: Some(100), finished: false });
    life.acknowledged(exact(70), at(5));
    assert_eq!((life.offset(), life.told), (70, 50));
    life.finished(Ok(stored()), at(6));
    assert_eq!(life.tell(at(7)), Told { offset: 100, length: Some(100), finished: true });
    let mut life = half_way(State::Finalizing);
    assert!(!life.tell(at(4)).finished, "publishing is no final answer");
    life.finished(Err(failed()), at(5));
    assert!(!life.tell(at(6)).finished, "a failure has to be fetched");
}

#[test]
fn it_is_given_up_or_forgotten_after_the_last_sign_of_life() {
    let limits = UploadLimits {
        expire: Duration::from_secs(700),
        keep: Duration::from_secs(100),
        ..UploadLimits::default()
    };
    for state in every_state() {
        let mut life = half_way(state);
        let patience = if life.is_open() { 700 } else { 100 };
        assert_eq!(life.deadline(&limits), at(3 + patience));
        life.tell(at(50));
        assert_eq!(life.deadline(&limits), at(50 + patience));
        // A clock that goes back makes nothing older.
        life.tell(at(10));
        life.append(&part(0, Some(1), true, None), MAX, at(10)).unwrap_err();
        assert_eq!(life.deadline(&limits), at(50 + patience));
    }
    let mut life = half_way(State::Receiving);
    life.acknowledged(exact(60), at(60));
    assert_eq!(life.deadline(&limits), at(760));
    life.end(Problem::UploadExpired, at(70));
    assert_eq!(life.deadline(&limits), at(170));
}

/// A time of a record that no clock can reach.
#[test]
fn a_deadline_beyond_all_clocks_is_due() {
    let mut life = half_way(State::Idle);
    life.touched = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
    assert!(life.deadline(&UploadLimits::default()) <= at(0));
}

#[derive(Debug, Clone)]
enum Move {
    Append(u64, Option<u64>, bool),
    Acknowledged(u64),
    Paused(u64),
    Finalizing,
    Stored,
    Failed,
    Ended,
    Tell,
    Restart,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0..110u64, proptest::option::of(0..110u64), any::<bool>())
            .prop_map(|(offset, content, complete)| Move::Append(offset, content, complete)),
        8 => (0..=100u64).prop_map(Move::Acknowledged),
        4 => (0..=100u64).prop_map(Move::Paused),
        1 => Just(Move::Finalizing),
        1 => Just(Move::Stored),
        1 => Just(Move::Failed),
        1 => Just(Move::Ended),
        4 => Just(Move::Tell),
        4 => Just(Move::Restart),
    ]
}

proptest! {
    /// Whatever happens, in whatever order, with restarts in between: no offset is smaller than one before, none is told
    /// that is not acknowledged, and what has ended never opens again.
    #[test]
    fn offsets_never_decrease(moves in proptest::collection::vec(moves(), 0..40)) {
        let mut life = Life::new(plan(), Some(100));
        for (time, next) in (0..).zip(moves) {
            let (before, now) = (life.clone(), at(time));
            match next {
                Move::Append(offset, content, complete) => {
                    let _ = life.append(&part(offset, content, complete, None), MAX, now);
                }
                Move::Acknowledged(offset) => life.acknowledged(exact(offset), now),
                Move::Paused(offset) => life.paused(exact(offset), now),
                Move::Finalizing => {
                    let closing = changed(exact(100), |checkpoint| checkpoint.closing = true);
                    life.finalizing(closing, now);
                }
                Move::Stored => life.finished(Ok(stored()), now),
                Move::Failed => life.finished(Err(failed()), now),
                Move::Ended => life.end(Problem::UploadCancelled, now),
                Move::Tell => {
                    let told = life.tell(now);
                    prop_assert!(told.offset >= before.told && told.offset == life.offset);
                }
                Move::Restart => match life.record() {
                    Some(record) => life = Life::restore(&record).unwrap(),
                    None => break,
                },
            }
            prop_assert!(life.offset >= before.offset && life.told >= before.told, "{life:?}");
            prop_assert!(life.told <= life.offset && life.offset <= 100, "{life:?}");
            prop_assert!(life.touched >= before.touched);
            prop_assert!(before.is_open() || !life.is_open(), "{before:?} {life:?}");
        }
    }
}
