//! What the mock backend acknowledged of each file, from its events.

use crate::support::{Backend, PATIENCE};
use put2bits::bits::ContentRange;
use put2bits::mock::Event;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use tokio::sync::broadcast::error::RecvError;

/// The highest acknowledged offset of each path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<(Mutex<HashMap<String, u64>>, Condvar)>);

impl Watch {
    /// From now on, on a thread of its own, until the backend is gone.
    pub(crate) fn over(backend: &Backend) -> Watch {
        let (watch, mut events) = (Watch::default(), backend.events());
        let writer = watch.clone();
        thread::spawn(move || {
            loop {
                match events.blocking_recv() {
                    Ok(Event::Packet { target, range: Some(range), status: Some(200..=299), .. }) => {
                        writer.acknowledged(target, range);
                    }
                    Ok(_) => {}
                    // It would miss what a later test asks for.
                    Err(RecvError::Lagged(count)) => panic!("{count} events were missed"),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        watch
    }

    fn acknowledged(&self, target: String, range: ContentRange) {
        let (map, changed) = &*self.0;
        let mut map = map.lock().unwrap();
        let most = map.entry(target).or_default();
        *most = range.end().max(*most);
        changed.notify_all();
    }

    /// Asserts that the backend had acknowledged so much before this was asked. (Its event may take a moment.)
    #[track_caller]
    pub(crate) fn assert_acknowledged(&self, path: &str, offset: u64) {
        let (map, changed) = &*self.0;
        let enough = |map: &mut HashMap<String, u64>| map.get(path).copied().unwrap_or_default() < offset;
        let (map, wait) = changed.wait_timeout_while(map.lock().unwrap(), PATIENCE / 6, enough).unwrap();
        let most = map.get(path).copied().unwrap_or_default();
        assert!(!wait.timed_out(), "{path}: {offset} was told, {most} was acknowledged");
    }
}
