//! A place that nobody may contact.

use crate::support::within;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// It counts who comes. It ends with the runtime of its test.
pub(crate) struct Trap {
    visits: watch::Receiver<usize>,
}

impl Trap {
    /// At that address of the loopback network, on the port of a backend: nodes have the backend's.
    pub(crate) async fn at(address: Ipv4Addr, port: u16) -> Trap {
        let listener = TcpListener::bind(SocketAddr::from((address, port))).await.unwrap();
        let (seen, visits) = watch::channel(0);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                seen.send_modify(|visits| *visits += 1);
            }
        });
        Trap { visits }
    }

    pub(crate) fn visits(&self) -> usize {
        *self.visits.borrow()
    }

    pub(crate) async fn until_visited(&self) {
        within("a visit", self.visits.clone().wait_for(|visits| *visits > 0)).await.unwrap();
    }
}
