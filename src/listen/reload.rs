//! Looks after the certificates: reads their files again when they change, and says when they are about to expire.

use super::entrance::Entrance;
use crate::stamp::Stamp;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// So long before a certificate expires it is said, each [`AGAIN`].
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// Between two lines about the same certificate.
const AGAIN: Duration = Duration::from_secs(24 * 3600);

/// The files of one entrance.
#[derive(Debug)]
struct Watched {
    entrance: Arc<Entrance>,
    /// As they were when all of them could be used.
    read: Vec<Option<Stamp>>,
    /// As they were at the last look.
    seen: Vec<Option<Stamp>>,
    /// What is wrong with some, as it was said.
    wrong: Vec<String>,
}

/// Looks after the certificates of all entrances.
#[derive(Debug)]
pub struct Reloader {
    all: Vec<Watched>,
    /// When it was said of a certificate that it is about to expire.
    said: HashMap<PathBuf, Instant>,
}

impl Reloader {
    /// Of these entrances. Nothing, if none of them has files.
    pub fn new(entrances: &[Arc<Entrance>]) -> Option<Self> {
        let all: Vec<Watched> = entrances
            .iter()
            .filter(|entrance| !entrance.files().is_empty())
            .map(|entrance| {
                let stamps = stamps(entrance);
                Watched {
                    entrance: Arc::clone(entrance),
                    read: stamps.clone(),
                    seen: stamps,
                    wrong: Vec::new(),
                }
            })
            .collect();
        (!all.is_empty()).then(|| Reloader { all, said: HashMap::new() })
    }

    /// Looks every few seconds, and at once when `asked` says so. Ends when `asked` is closed. What was asked for is
    /// done when `done` is told.
    pub async fn run(mut self, mut asked: tokio::sync::mpsc::Receiver<tokio::sync::oneshot::Sender<()>>) {
        self.tell_of_expiry(Instant::now());
        loop {
            match tokio::time::timeout(PAUSE, asked.recv()).await {
                Ok(None) => return,
                Ok(Some(done)) => {
                    self.look(true);
                    // Whoever asked may have gone.
                    let _ = done.send(());
                }
                Err(_) => self.look(false),
            }
            self.tell_of_expiry(Instant::now());
        }
    }

    /// Reads again what has changed; `at_once`: everything. Otherwise files are left in peace until they are the same
    /// for two looks: a certificate and its key are two files, and the second may be on its way.
    fn look(&mut self, at_once: bool) {
        for watched in &mut self.all {
            let now = stamps(&watched.entrance);
            let is_new = now != watched.read && now == watched.seen;
            watched.seen.clone_from(&now);
            if !is_new && !at_once {
                continue;
            }
            let look = watched.entrance.look_again();
            let address = &watched.entrance.listener().address;
            if look.is_new || look.wrong.is_empty() {
                tracing::info!("the certificates of {address} were read again");
            }
            if look.wrong.is_empty() {
                watched.read = now;
            }
            // What is wrong is tried again with each look: a right to a folder, or a day that has to come, changes no file.
            let wrong: Vec<String> = look.wrong.iter().map(ToString::to_string).collect();
            for error in wrong.iter().filter(|error| at_once || !watched.wrong.contains(error)) {
                tracing::error!(
                    error,
                    "a certificate of {address} cannot be read again: the one from before stays in use. Put a good \
                     one there: it is taken within a few seconds"
                );
            }
            watched.wrong = wrong;
        }
    }

    fn tell_of_expiry(&mut self, now: Instant) {
        for expiry in self.all.iter().flat_map(|watched| watched.entrance.expiries()) {
            let left = expiry.at.duration_since(SystemTime::now()).unwrap_or_default();
            let said = self.said.get(&expiry.file);
            if left > SOON || said.is_some_and(|said| now.saturating_duration_since(*said) < AGAIN) {
                continue;
            }
            let (file, date) = (expiry.file.display(), humantime::format_rfc3339_seconds(expiry.at));
            if left.is_zero() {
                tracing::error!("the certificate {file} has expired, {date}: clients do not trust it");
            } else {
                tracing::warn!("the certificate {file} expires in {} days, {date}", days(left));
            }
            self.said.insert(expiry.file, now);
        }
    }
}

/// Whole days.
fn days(time: Duration) -> u64 {
    time.as_secs() / (24 * 3600)
}

fn stamps(entrance: &Entrance) -> Vec<Option<Stamp>> {
    entrance.files().into_iter().map(Stamp::of).collect()
}
