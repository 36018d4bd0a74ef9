//! One life of the proxy: the registry with all that it stands on, until it dies or nothing is left to do.

use crate::farm;
use crate::front::Front;
use crate::network::Link;
use crate::world::World;
use put2bits::bits::{Destination, Event};
use put2bits::limits::Limits;
use put2bits::registry::{Change, Drain, Host, Registry, Store};
use put2bits::route::{BackendUrl, Carried, Route, Server};
use put2bits::transfer::{Budget, Ceiling, How, Report, Shared, Upload};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// What the registry needs of the program around it.
#[derive(Debug)]
pub(crate) struct Program {
    world: World,
    route: Arc<Route>,
    shared: Shared,
    drain: Drain,
}

impl Program {
    fn new(world: &World) -> Self {
        let schedule = Arc::clone(&world.lock().schedule);
        let mut route =
            Route::new("/", BackendUrl::parse("http://backend/up").expect("the URL of a backend"));
        let host_id = farm::policy(&schedule.knobs);
        route.server = Arc::new(Server { host_id, ..Server::default() });
        route.profile = schedule.profile;
        route.ambiguous_close = schedule.ambiguous_close;
        let shared = Shared {
            limits: Arc::new(schedule.limits.clone()),
            budget: Budget::new(schedule.limits.memory),
            ceiling: Ceiling::default(),
            traffic: Default::default(),
        };
        Program { world: world.clone(), route: Arc::new(route), shared, drain: Drain::default() }
    }

    pub(crate) fn the_route(&self) -> Arc<Route> {
        Arc::clone(&self.route)
    }
}

impl Host for Program {
    type Backend = Link;

    fn dial(&self, _: &Route, destination: &Destination, _: &Carried) -> Link {
        let name = destination.content_name.to_str().ok().and_then(|name| name.parse().ok());
        Link::new(self.world.clone(), destination.clone(), name.expect("the number of an upload"))
    }

    fn route(&self, _: &str, _: &Destination) -> Option<Arc<Route>> {
        Some(self.the_route())
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
        let world = self.world.lock();
        world.date(world.now())
    }

    fn observe(&self, upload: &Upload, event: &Event) {
        self.world.lock().say(|| format!("upload {}: {event:?}", upload.id));
    }

    fn over(&self, upload: &Upload, how: &How, _: &Report) {
        self.world.lock().say(|| format!("upload {}: the run is over: {how:?}", upload.id));
    }

    fn unusable(&self, id: &str, why: &str) {
        self.world.lock().check(false, || format!("the record of {id} can't be used: {why}"));
    }
}

/// Remembers for certain what its future was waited for; the rest perhaps.
#[derive(Debug)]
struct Memory(World);

impl Store for Memory {
    fn write(&self, changes: Vec<Change>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let world = self.0.clone();
        let (number, takes) = {
            let mut inside = world.lock();
            if inside.is_dead() {
                return Box::pin(std::future::pending());
            }
            let longest = inside.schedule.store;
            let takes = longest.mul_f64(inside.rng.f64());
            (inside.write(changes), takes)
        };
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            if !world.lock().synced(number) {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It was killed.
    Killed,
    /// Nothing is left to do.
    Over,
}

/// One life, which is over when its users have come to their end. `longest`: after so many acts it is killed.
pub(crate) fn live(
    world: &World,
    users: impl AsyncFnOnce(&Front),
    longest: Option<u64>,
    in_order: bool,
) -> Life {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let life = runtime.block_on(async {
        let doom = world.begin(longest);
        let program = Program::new(world);
        let (drain, budget) = (program.drain.clone(), program.shared.budget.clone());
        let tasks = TaskTracker::new();
        let registry = Registry::new(program, Arc::new(Memory(world.clone())), [7; 32], tasks.clone());
        let records = world.lock().durable.clone();
        registry.recover(records);
        let front = Front::new(world.clone(), registry.clone());
        let killed = async {
            doom.notified().await;
            Life::Killed
        };
        let all = async {
            users(&front).await;
            wait_for_the_end(world, &registry, &tasks, &budget).await;
            Life::Over
        };
        let stopped = async {
            if !in_order {
                return std::future::pending().await;
            }
            let after = Duration::from_millis(world.lock().rng.u64(0..20_000));
            sleep(after).await;
            world.lock().figures.stops += 1;
            world.lock().say(|| "the proxy stops in order".to_owned());
            drain.begin();
            tasks.close();
            let running = Duration::from_millis(world.lock().rng.u64(0..20_000));
            if timeout(running, tasks.wait()).await.is_err() {
                drain.end();
                let _ = timeout(Duration::from_secs(10), tasks.wait()).await;
            }
            Life::Killed
        };
        let life = tokio::select! {
            biased;
            life = killed => life,
            life = stopped => life,
            life = all => life,
        };
        // As long as tokio's clock is there.
        world.lock().die();
        life
    });
    world.end();
    drop(runtime);
    life
}

/// Every phone has come to its end: what does the proxy still hold?
async fn wait_for_the_end(world: &World, registry: &Registry<Program>, tasks: &TaskTracker, budget: &Budget) {
    let was_fine = {
        let mut inside = world.lock();
        inside.calm = true;
        inside.say(|| "nobody will come any more".to_owned());
        inside.was_fine
    };
    let expire = registry.host().limits().uploads.expire;
    tasks.close();
    for _ in 0..2 {
        if timeout(expire, tasks.wait()).await.is_err() {
            let left = tasks.len();
            world.lock().check(false, || format!("{left} tasks are still there after hours"));
        }
        if registry.open() > 0 {
            sleep(expire + Duration::from_secs(1)).await;
            registry.sweep();
        }
    }
    let _ = timeout(expire, tasks.wait()).await;
    let open = registry.open();
    world.lock().check(open == 0, || format!("{open} uploads are open for ever"));
    let keep = registry.host().limits().uploads.keep;
    sleep(keep + Duration::from_secs(1)).await;
    registry.sweep();
    let _ = timeout(expire, tasks.wait()).await;
    let mut inside = world.lock();
    let records = inside.durable.len();
    inside.check(records == 0, || format!("{records} records are kept for ever"));
    let running = registry.running();
    inside.check(running == 0, || format!("{running} uploads count as running for ever"));
    let used = budget.used();
    inside.check(used == 0, || format!("{used} bytes of memory are held for ever"));
    // One that lives and dies with its connection is given up for lost, and the proxy is told so by a code that means nothing.
    if was_fine && !inside.schedule.knobs.session.bound_to_connection {
        let left: Vec<String> = inside
            .server
            .sessions()
            .filter(|(_, session)| inside.known.contains(session.id().as_bytes()))
            .map(|(key, _)| format!("{:?}", inside.owners.get(&key)))
            .collect();
        inside.check(left.is_empty(), || format!("sessions of the uploads {left:?} are left behind"));
    }
}
