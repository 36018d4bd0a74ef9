//! Records of uploads as they are found in a store.

use put2bits::bits::{Session, SessionSettings};
use put2bits::limits::GIB;
use put2bits::resumable::{Append, Version};
use put2bits::upload::{Life, Next, State};
use std::time::SystemTime;

pub(crate) fn run(input: &[u8]) -> bool {
    let Ok(life) = Life::restore(input) else { return false };
    check(&life);
    if let Some(record) = life.record() {
        let again = Life::restore(&record).expect("what was written can be read");
        assert_eq!(again, life, "a record says the same when it is read again");
        assert_eq!(again.record().as_deref(), Some(&*record));
    }
    go_on(life);
    true
}

/// What holds for every upload that is gone on with.
fn check(life: &Life) {
    let (offset, total) = (life.offset(), life.total());
    assert!(offset <= total.unwrap_or_default());
    if let Some(checkpoint) = &life.continuation().checkpoint {
        // What the digest has not seen is wanted once more.
        assert!(offset <= checkpoint.offset && checkpoint.offset <= total.unwrap_or_default());
        assert_eq!(offset, life.continuation().offset());
        assert!(!checkpoint.closing || total == Some(offset), "closed before the end");
        assert_eq!(life.is_finalizing(), checkpoint.closing && life.is_open());
        // Whoever goes on with it begins there.
        let total = total.unwrap_or_default();
        let session = Session::resume(SessionSettings::new(total), checkpoint.clone());
        assert!(session.offset() == checkpoint.offset && !matches!(session.outcome(), Some(Ok(()))));
    }
    assert!(life.state() != &State::Receiving, "no request outlives the process");
}

/// Its client asks, then sends all the rest.
fn go_on(mut life: Life) {
    let now = SystemTime::UNIX_EPOCH;
    let told = life.clone().tell(now);
    assert_eq!((told.offset, told.length), (life.offset(), life.total()));
    let (offset, content) = (told.offset, told.length.map(|total| total - told.offset));
    let rest = Append { version: Version::rfc(), offset, complete: true, length: None, content };
    if let Ok(Next::Transfer(part)) = life.append(&rest, GIB, now) {
        assert!(part.last && part.from == offset && part.total <= GIB);
    }
}
