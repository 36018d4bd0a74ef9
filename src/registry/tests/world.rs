//! Everything around a registry.

use super::*;
use crate::bits::server::{Knobs, Server};
use http::HeaderMap;
use http_body::Frame;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

/// The program around the registry.
pub(super) struct Model {
    pub(super) peer: Arc<Mutex<Peer>>,
    pub(super) route: Arc<Route>,
    pub(super) shared: Shared,
    pub(super) drain: Drain,
    pub(super) clock: Mutex<SystemTime>,
    pub(super) unusable: Mutex<Vec<String>>,
    /// How many runs are over.
    pub(super) over: Mutex<u32>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Model")
    }
}

impl Host for Model {
    type Backend = crate::transfer::tests::peers::Host;

    fn dial(&self, _: &Route, _: &Destination, _: &crate::route::Carried) -> Self::Backend {
        Self::Backend::new(Arc::clone(&self.peer))
    }

    fn route(&self, prefix: &str, _: &Destination) -> Option<Arc<Route>> {
        (self.route.prefix == prefix).then(|| Arc::clone(&self.route))
    }

    fn shared(&self, _: &Route) -> Shared {
        self.shared.clone()
    }

    fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    fn drain(&self) -> &Drain {
        &self.drain
    }

    fn now(&self) -> SystemTime {
        *self.clock.lock().unwrap()
    }

    fn observe(&self, _: &Upload, _: &Event) {}

    fn over(&self, _: &Upload, _: &How, _: &Report) {
        *self.over.lock().unwrap() += 1;
    }

    fn unusable(&self, id: &str, why: &str) {
        self.unusable.lock().unwrap().push(format!("{id} {why}"));
    }
}

/// A store in memory, whose writes can be held back.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) records: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    held: tokio::sync::watch::Sender<bool>,
}

impl Kept {
    /// From now on nothing becomes durable, or everything does again.
    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    pub(super) fn len(&self) -> usize {
        self.records.lock().unwrap().len()
    }
}

impl Store for Kept {
    fn write(&self, changes: Vec<Change>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (records, mut held) = (Arc::clone(&self.records), self.held.subscribe());
        // In a task: it goes on when nobody waits for it.
        let written = tokio::spawn(async move {
            held.wait_for(|held| !held).await.unwrap();
            let mut records = records.lock().unwrap();
            for change in changes {
                match change {
                    Change::Put { id, record } => records.insert(id, record),
                    Change::Remove { id } => records.remove(&id),
                };
            }
        });
        Box::pin(async move { written.await.unwrap() })
    }
}

pub(super) struct World {
    pub(super) registry: Registry<Model>,
    pub(super) store: Arc<Kept>,
    tasks: TaskTracker,
    /// Of uploads that were made and not yet fed.
    places: Mutex<HashMap<String, Place>>,
}

impl World {
    pub(super) fn new() -> World {
        World::with(UploadLimits::default(), |_| Fate::Serve)
    }

    pub(super) fn plan(plan: impl FnMut(&str) -> Fate + Send + 'static) -> World {
        World::with(UploadLimits::default(), plan)
    }

    pub(super) fn with(uploads: UploadLimits, plan: impl FnMut(&str) -> Fate + Send + 'static) -> World {
        let mut peer = Peer::new(Server::new(Knobs::strict()));
        peer.plan = Box::new(plan);
        World::of(uploads, route(&Profile::REFUSE), Arc::new(Mutex::new(peer)), Arc::default())
    }

    /// Of a route that differs in that way.
    pub(super) fn routed(change: impl FnOnce(&mut Route)) -> World {
        let mut route = route(&Profile::REFUSE);
        change(&mut route);
        let peer = Peer::new(Server::new(Knobs::strict()));
        World::of(UploadLimits::default(), route, Arc::new(Mutex::new(peer)), Arc::default())
    }

    /// With a server of that kind.
    pub(super) fn at(profile: &'static Profile, plan: impl FnMut(&str) -> Fate + Send + 'static) -> World {
        let mut peer = Peer::new(Server::new(Knobs::strict()));
        peer.plan = Box::new(plan);
        World::of(UploadLimits::default(), route(profile), Arc::new(Mutex::new(peer)), Arc::default())
    }

    fn of(
        uploads: UploadLimits,
        route: Route,
        peer: Arc<Mutex<Peer>>,
        records: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    ) -> World {
        let shared = Shared {
            limits: Arc::new(Limits { fragment: fixed(100), uploads, ..Limits::default() }),
            budget: Budget::new(1 << 20),
            ceiling: Ceiling::default(),
            traffic: Default::default(),
        };
        let model = Model {
            peer,
            route: Arc::new(route),
            shared,
            drain: Drain::default(),
            clock: Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)),
            unusable: Mutex::default(),
            over: Mutex::default(),
        };
        let store = Arc::new(Kept { records, held: tokio::sync::watch::channel(false).0 });
        let tasks = TaskTracker::new();
        let registry = Registry::new(model, Arc::clone(&store) as Arc<dyn Store>, [7; 32], tasks.clone());
        World { registry, store, tasks, places: Mutex::default() }
    }

    /// A process is killed: another one has the backend and the records of this one.
    pub(super) fn killed(self) -> World {
        let World { registry, store, .. } = self;
        let records = store.records.lock().unwrap().clone();
        let host = registry.host();
        let uploads = host.limits().uploads.clone();
        // What the old one still does is not seen: its store is another.
        let route = Route::clone(&host.route);
        let world = World::of(uploads, route, Arc::clone(&host.peer), Arc::new(Mutex::new(records)));
        host.drain.end();
        world
    }

    pub(super) fn recover(&self) {
        let records = self.store.records.lock().unwrap().clone();
        self.registry.recover(records);
    }

    /// An upload resource of 300 bytes.
    pub(super) async fn create(&self, principal: Option<Principal>) -> String {
        self.try_create(principal).await.unwrap()
    }

    pub(super) async fn try_create(&self, principal: Option<Principal>) -> Result<String, Failure> {
        let new = NewUpload {
            name: "test".into(),
            client: Some(([127, 0, 0, 1], 1).into()),
            version: Version::named("6").unwrap(),
            principal,
            method: Method::PUT,
            route: Arc::clone(&self.registry.host().route),
            path: "/f.bin".into(),
            destination: Destination {
                target: "/up/f.bin".parse().unwrap(),
                host: HeaderValue::from_static("backend"),
                content_name: HeaderValue::from_static("f.bin"),
            },
            carried: Default::default(),
            total: Some(300),
            digests: DigestPlan::default(),
        };
        let created = self.registry.create(new).await?;
        self.places.lock().unwrap().insert(created.id.clone(), created.place);
        Ok(created.id)
    }

    /// The rest of the file from that offset on, as far as `feeder` gives it.
    pub(super) fn feed(&self, id: &str, from: u64) -> (Feeding, Feeder, Arc<Seen>) {
        self.part(id, from, 300 - from, true)
    }

    pub(super) fn part(
        &self,
        id: &str,
        from: u64,
        content: u64,
        complete: bool,
    ) -> (Feeding, Feeder, Arc<Seen>) {
        self.permitted(id, (from, content, complete), Permit::default())
    }

    /// The same, let in with that.
    pub(super) fn permitted(
        &self,
        id: &str,
        (from, content, complete): (u64, u64, bool),
        permit: Permit,
    ) -> (Feeding, Feeder, Arc<Seen>) {
        let version = Version::named("6").unwrap();
        let append = Append { version, offset: from, complete, length: None, content: Some(content) };
        let client = Some(([127, 0, 0, 1], 1).into());
        let place = self.places.lock().unwrap().remove(id);
        let part = NewPart {
            client,
            append,
            content_digest: Digests::default(),
            carried: Default::default(),
            place,
            permit,
        };
        let (feeder, seen, body) = Feed::new();
        (self.registry.feed(id, part, body), feeder, seen)
    }

    /// The rest of the file at once.
    pub(super) async fn rest(&self, id: &str, from: u64) -> String {
        let (feeding, feeder, _) = self.feed(id, from);
        give(&feeder, from..300);
        outcome(feeding).await
    }

    /// An upload of which 150 bytes have come, and whose client is still there.
    pub(super) async fn half_way(&self, principal: Option<Principal>) -> (String, Feeding, Feeder) {
        let id = self.create(principal).await;
        let (feeding, feeder, _) = self.feed(&id, 0);
        give(&feeder, 0..150);
        settle().await;
        (id, feeding, feeder)
    }

    /// An upload whose client broke off at 150 bytes.
    pub(super) async fn broken(&self, principal: Option<Principal>) -> String {
        let (id, _feeding, feeder) = self.half_way(principal).await;
        drop(feeder);
        self.idle(&id).await;
        id
    }

    /// Waits until nobody drives it.
    pub(super) async fn idle(&self, id: &str) {
        let entry = self.registry.entry(id).unwrap();
        let mut beat = entry.listen();
        while entry.lock().attempt.is_some() {
            beat.changed().await.unwrap();
        }
    }

    pub(super) async fn offset(&self, id: &str) -> Result<(u64, bool), Problem> {
        self.registry.status(id).await.map(|told| (told.offset, told.finished))
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.registry.host().peer.lock().unwrap().log.clone()
    }

    /// What happens to each question from now on.
    pub(super) fn serve(&self) {
        self.registry.host().peer.lock().unwrap().plan = Box::new(|_| Fate::Serve);
    }

    pub(super) fn published(&self) -> Vec<Vec<u8>> {
        self.registry.host().peer.lock().unwrap().published.clone()
    }

    pub(super) fn later(&self, time: Duration) {
        *self.registry.host().clock.lock().unwrap() += time;
    }

    /// Waits for everything that runs, and looks for what may be left.
    pub(super) async fn is_clean(&self, open: usize) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
        let host = self.registry.host();
        assert_eq!(host.shared.budget.used(), 0);
        assert_eq!(self.registry.running(), self.places.lock().unwrap().len());
        assert_eq!(host.peer.lock().unwrap().server.sessions().count(), open, "sessions at the backend");
        let book = self.registry.book();
        assert_eq!(book.open.len(), open);
        assert_eq!(self.registry.sessions(), open as u64, "slots for sessions");
        assert_eq!(book.entries.len(), book.open.len() + book.ended.len());
        let owned: u32 = book.owners.values().sum();
        assert!(owned as usize <= open && book.owners.values().all(|&count| count > 0));
        for entry in book.entries.values() {
            let state = entry.lock();
            assert!(state.attempt.is_none());
            // What is kept is what a later process needs.
            let records = self.store.records.lock().unwrap();
            assert_eq!(records.get(&entry.id), state.life.record().as_ref());
        }
    }
}

fn route(profile: &'static Profile) -> Route {
    let mut route = Route::new("/", BackendUrl::parse("http://backend/up").unwrap());
    route.profile = Some(profile);
    route
}

pub(super) fn give(feeder: &Feeder, range: std::ops::Range<u64>) {
    feeder.send(Ok(Frame::data(bytes(range)))).unwrap();
}

fn principal(token: &'static str) -> Option<Principal> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static(token));
    Principal::of(&headers, &[http::header::AUTHORIZATION])
}

pub(super) fn alice() -> Option<Principal> {
    principal("Bearer alice")
}

pub(super) fn bob() -> Option<Principal> {
    principal("Bearer bob")
}

pub(super) fn carol() -> Option<Principal> {
    principal("Bearer carol")
}
