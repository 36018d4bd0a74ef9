//! How many there may be at once: in all, and of one client. Used for running uploads and for connections.
//!
//! A place is taken before anything is allocated for whoever wants it, and given back by being dropped. Who waits in line
//! goes before those who only try.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clients that are remembered at least before those are forgotten of whom nobody is there any more.
const FEW: usize = 64;

/// So many places, for clients told apart by `K`. Cheap to clone; all clones are the same places.
#[derive(Debug)]
pub struct Places<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    all: Arc<Semaphore>,
    max: usize,
    /// None: as many as there may be.
    per_client: Option<usize>,
    clients: Mutex<Clients<K>>,
}

#[derive(Debug)]
struct Clients<K> {
    places: HashMap<K, Arc<Semaphore>>,
    /// When there are so many, those without anybody are forgotten.
    sweep_at: usize,
}

/// A place. It is given back when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Place {
    _permits: Option<Arc<Permits>>,
}

#[derive(Debug)]
struct Permits {
    _all: Option<OwnedSemaphorePermit>,
    _client: Option<OwnedSemaphorePermit>,
    _others: Vec<Place>,
}

impl Place {
    /// One that counts nowhere, for what the proxy does by itself.
    pub fn free() -> Self {
        Place { _permits: None }
    }

    /// Both, given back together.
    #[must_use]
    pub fn and(self, other: Place) -> Self {
        Place { _permits: Some(Arc::new(Permits { _all: None, _client: None, _others: vec![self, other] })) }
    }

    fn new(all: Option<OwnedSemaphorePermit>, client: Option<OwnedSemaphorePermit>) -> Self {
        Place { _permits: Some(Arc::new(Permits { _all: all, _client: client, _others: Vec::new() })) }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// The client has as many as it may.
    Client,
}

impl<K> Clone for Places<K> {
    fn clone(&self) -> Self {
        Places(Arc::clone(&self.0))
    }
}

impl<K: Hash + Eq> Places<K> {
    /// `max` places, of which one client may have `per_client`; 0: all of them.
    pub fn new(max: u32, per_client: u32) -> Self {
        // A number from the configuration fits wherever so many places can be used.
        let count = |number: u32| usize::try_from(number).map_or(Semaphore::MAX_PERMITS, most);
        let clients = Clients { places: HashMap::new(), sweep_at: FEW };
        Places(Arc::new(Inner {
            all: Arc::new(Semaphore::new(count(max))),
            max: count(max),
            per_client: (per_client > 0).then(|| count(per_client)),
            clients: Mutex::new(clients),
        }))
    }

    /// Places that are taken.
    pub fn taken(&self) -> usize {
        self.0.max.saturating_sub(self.0.all.available_permits())
    }

    /// Takes a place if there is one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn try_enter(&self, client: K) -> Result<Place, Full> {
        let own = match self.of(client) {
            Some(own) => Some(own.try_acquire_owned().map_err(|_| Full::Client)?),
            None => None,
        };
        let all = Arc::clone(&self.0.all).try_acquire_owned().map_err(|_| Full::All)?;
        Ok(Place::new(Some(all), own))
    }

    /// Waits in line for a place. Dropping the future leaves the line.
    pub async fn enter(&self, client: K) -> Place {
        let own = match self.of(client) {
            // The semaphores are never closed.
            Some(own) => own.acquire_owned().await.ok(),
            None => None,
        };
        let all = Arc::clone(&self.0.all).acquire_owned().await.ok();
        Place::new(all, own)
    }

    /// The places of one client, if they are counted.
    fn of(&self, client: K) -> Option<Arc<Semaphore>> {
        let per_client = self.0.per_client?;
        let mut clients = self.clients();
        if clients.places.len() >= clients.sweep_at && !clients.places.contains_key(&client) {
            // Whoever has a place, or waits for one, holds the semaphore.
            clients.places.retain(|_, places| Arc::strong_count(places) > 1);
            clients.sweep_at = (2 * clients.places.len()).max(FEW);
        }
        let places = clients.places.entry(client).or_insert_with(|| Arc::new(Semaphore::new(per_client)));
        Some(Arc::clone(places))
    }

    fn clients(&self) -> MutexGuard<'_, Clients<K>> {
        // Nothing panics while it holds the lock.
        self.0.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn most(number: usize) -> usize {
    number.min(Semaphore::MAX_PERMITS)
}

/// What stands for a client that is known by its address alone: the address; of IPv6 the /64, which one customer has
/// whole.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::yield_now;

    #[test]
    fn there_are_so_many_and_they_come_back() {
        let places = Places::new(3, 2);
        let (one, two) = (places.try_enter("a").unwrap(), places.try_enter("a").unwrap());
        assert_eq!(places.try_enter("a").unwrap_err(), Full::Client);
        let three = places.try_enter("b").unwrap();
        assert_eq!((places.try_enter("c").unwrap_err(), places.taken()), (Full::All, 3));
        let clone = one.clone();
        drop(one);
        assert_eq!(places.taken(), 3, "the clone is the same place");
        drop((clone, two, three));
        assert_eq!(places.taken(), 0);
        drop(places.try_enter("a").unwrap());
    }

    #[test]
    fn zero_is_no_limit_of_one_client() {
        let places = Places::new(100, 0);
        let taken: Vec<_> = (0..100).map(|_| places.try_enter("a").unwrap()).collect();
        assert_eq!((places.taken(), places.clients().places.len()), (100, 0));
        drop(taken);
    }

    /// Else whoever has many addresses could fill the memory.
    #[test]
    fn clients_that_are_gone_are_forgotten() {
        let places = Places::new(10_000, 1);
        let kept: Vec<_> = (0..10).map(|client| places.try_enter(client).unwrap()).collect();
        for client in 10..10_000 {
            drop(places.try_enter(client).unwrap());
        }
        assert!(places.clients().places.len() <= FEW);
        assert_eq!(places.try_enter(3).unwrap_err(), Full::Client);
        drop(kept);
    }

    #[tokio::test]
    async fn who_waits_goes_before_who_tries() {
        let places = Places::new(1, 0);
        let first = places.try_enter(()).unwrap();
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.enter(()).await }
        });
        yield_now().await;
        drop(first);
        assert_eq!(places.try_enter(()).unwrap_err(), Full::All);
        drop(waiting.await.unwrap());
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn an_address_stands_for_its_network() {
        for (address, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), shown);
        }
    }
}
