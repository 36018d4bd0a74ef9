//! Whether the backends can be reached: looked at when somebody asks, and not more often than every few seconds.

use crate::backend::Endpoint;
use http::uri::Authority;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a connection to a backend may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long a result is good for.
const GOOD_FOR: Duration = Duration::from_secs(3);

/// The backends, each once.
#[derive(Debug)]
pub(super) struct Reach {
    backends: Vec<Endpoint>,
    /// Whoever asks meanwhile waits for the one who looks.
    last: Mutex<Option<(Instant, Vec<Found>)>>,
}

/// A backend, and what is wrong with the way to it, if anything.
pub(super) type Found = (Authority, Result<(), String>);

impl Reach {
    /// Those that differ in their directories alone are one.
    pub(super) fn new(backends: impl Iterator<Item = Endpoint>) -> Self {
        let is_same = |one: &Endpoint, other: &Endpoint| {
            let (a, b) = (one.url(), other.url());
            a.scheme == b.scheme && a.authority == b.authority && one.server() == other.server()
        };
        let mut each: Vec<Endpoint> = Vec::new();
        for backend in backends {
            if !each.iter().any(|other| is_same(other, &backend)) {
                each.push(backend);
            }
        }
        Reach { backends: each, last: Mutex::default() }
    }

    /// How each one was found, in the order of the routes.
    pub(super) async fn look(&self) -> Vec<Found> {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return found.clone();
        }
        let mut looking = JoinSet::new();
        for (number, backend) in self.backends.iter().cloned().enumerate() {
            looking.spawn(async move {
                let result = backend.reach(LIMIT).await;
                (number, (backend.url().authority.clone(), result))
            });
        }
        let mut found = looking.join_all().await;
        found.sort_by_key(|(number, _)| *number);
        let found: Vec<Found> = found.into_iter().map(|(_, found)| found).collect();
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SocketLimits;
    use crate::route::BackendUrl;
    use std::sync::Arc;

    #[tokio::test]
    async fn each_is_looked_at_once_and_not_at_once_again() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = tokio::net::TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let authority = |addr: std::net::SocketAddr| addr.to_string().parse::<Authority>().unwrap();
        let here = authority(open.local_addr().unwrap());
        let away = authority(closed.local_addr().unwrap());
        let endpoint = |authority: &Authority, folder: &str| {
            let url = BackendUrl::parse(&format!("http://{authority}/{folder}")).unwrap();
            Endpoint::open(&url, &Arc::default(), [], &SocketLimits::default()).unwrap()
        };
        let each = [endpoint(&here, "a"), endpoint(&away, "a"), endpoint(&here, "b")];
        let reach = Reach::new(each.into_iter());
        let found = reach.look().await;
        assert_eq!(found.len(), 2);
        assert_eq!((&found[0].0, &found[0].1), (&here, &Ok(())));
        assert!(found[1].0 == away && found[1].1.is_err(), "{found:?}");
        assert_eq!(reach.look().await, found);
        open.accept().await.unwrap();
        let again = tokio::time::timeout(Duration::from_millis(50), open.accept()).await;
        assert!(again.is_err(), "it was asked twice");
    }
}
