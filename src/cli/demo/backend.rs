//! The backend of the demo, and what has arrived there.

use super::{cannot_read, loopback, show};
use crate::cli::{Exit, Stop};
use crate::mock::{Count, Event, Mock, MockConfig, Stats, Storage};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// The mock backend on a thread of its own, so that it competes with the proxy as a real one does.
pub(super) struct Backend {
    mock: Mock,
    dir: Option<PathBuf>,
    /// Dropping it ends the thread.
    _stop: watch::Sender<()>,
}

impl Backend {
    /// Stores files in `dir`, or hashes and drops them.
    pub(super) fn start(dir: Option<&Path>) -> io::Result<Self> {
        let storage = match dir {
            Some(path) => Storage::Dir { path: path.to_owned(), create_dirs: true },
            None => Storage::Hash,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let config = MockConfig { storage, ..MockConfig::default() };
        let mock = runtime.block_on(Mock::bind(loopback(), config))?;
        let (stop, mut stopped) = watch::channel(());
        std::thread::Builder::new().name("backend".into()).spawn(move || {
            runtime.block_on(async {
                // An error is what it waits for: the sender is gone.
                let _ = stopped.changed().await;
            });
            // Files may still be on their way to the disk; nobody waits for more.
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        Ok(Backend { mock, dir: dir.map(Path::to_owned), _stop: stop })
    }

    pub(super) fn url(&self) -> String {
        self.mock.url()
    }

    /// What it was asked by the proxy.
    pub(super) fn print_bits(&self) -> io::Result<()> {
        let Stats {
            sessions_created,
            sessions_closed,
            fragments,
            fragment_min,
            fragment_max,
            connections,
            ..
        } = self.mock.stats();
        let (sessions, on) = (Count(sessions_created, "session"), Count(connections, "connection"));
        say!("BITS     {sessions} on {on}, {sessions_closed} closed");
        if let (Some(min), Some(max)) = (fragment_min, fragment_max) {
            let fragments = Count(fragments, "fragment");
            say!("         {fragments} of {} to {}", show::bytes(min), show::bytes(max));
        }
        Ok(())
    }

    /// The hash of what was published.
    pub(super) async fn arrived(&self) -> Result<Option<[u8; 32]>, Stop> {
        let published = self.mock.published();
        let Some((target, file)) = published.iter().next() else { return Ok(None) };
        if file.sha256.is_some() {
            return Ok(file.sha256);
        }
        let Some(dir) = &self.dir else { return Ok(None) };
        let name = percent_encoding::percent_decode_str(target.trim_start_matches('/')).decode_utf8_lossy();
        let path = dir.join(name.as_ref());
        say!("kept     {}", path.display());
        let hash =
            tokio::task::spawn_blocking(move || hash_file(&path).map_err(|error| cannot_read(&path, &error)));
        hash.await.map_err(|error| Stop::new(Exit::Failed, error))?.map(Some)
    }

    /// What happens from now on.
    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.mock.events()
    }

    /// Prints what happens until Ctrl-C.
    pub(super) async fn serve_on(&self, mut events: broadcast::Receiver<Event>) -> Result<(), Stop> {
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => say!("{event}"),
                    Err(broadcast::error::RecvError::Lagged(missed)) => say!("({missed} events not shown)"),
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                signal = tokio::signal::ctrl_c() => break signal?,
            }
        }
        say!("backend: {}", self.mock.stats());
        Ok(())
    }
}

fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
