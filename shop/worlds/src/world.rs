//! One world, from its seed to its verdict.

mod operator;
mod overload;
mod recordings;
mod verdict;

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::faults::Slowness;
use eventlog::simdisk::SimDisk;
use kernel::{Clock as _, Ids, Recorded, Timestamp};
use promises::Violation;
use runtime::clock::RuntimeClock;
use testkit::{Dice, FaultRates, FaultyTransport, TestClock};
use tokio::task::LocalSet;

pub use recordings::{Recordings, recordings};

use crate::{
    bug::{PlantedBug, Saboteur},
    faults::{Fault, Tally},
    forgery::all_events,
    guest::Guest,
    parts::{DEADLINE, Environment, Instances, Store},
    schedule::Schedule,
    shoppers::People,
    versions::{self, Versions},
};

/// When a world begins: 2026-01-01T00:00:00Z.
const EPOCH: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
/// Time in which orders are placed.
const SHOPPING: Duration = Duration::from_secs(20);
/// Time after the storm in which every order must end: what is away comes back, and a deadline passes.
const CALM: Duration = Duration::from_mins(2);
/// Time for what the storm delayed to arrive.
const SETTLING: Duration = Duration::from_secs(10);
/// Time for an event store that has just started to hear all instances, and no longer those that are gone.
const UPGRADING: Duration = Duration::from_secs(30);
/// How long after its deadline a pending order may still be pending while the order service and the store are up.
const OVERDUE: Duration = Duration::from_secs(3);
/// Orders placed while no service answers.
const UNANSWERED: usize = 3;

/// Names databases in memory, which a process shares: no two worlds may have the same, be it of one seed.
static WORLDS: AtomicU64 = AtomicU64::new(0);

/// What kind of world.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub orders: u32,
    pub bug: Option<PlantedBug>,
    /// A service that runs beside the shop's own.
    pub guest: Option<Guest>,
}

/// How a world went.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub tally: Tally,
    pub violations: Vec<Violation>,
    pub events: u64,
    pub finalized: usize,
    pub denied: usize,
    /// The log's files, hashed: the same seed gives the same.
    pub fingerprint: [u8; 32],
}

/// Runs a world to its end, on this thread.
#[must_use]
pub fn run(scenario: Scenario) -> Report {
    in_time_of_its_own(World::live(scenario))
}

/// Runs to its end, on this thread, what believes that time passes.
fn in_time_of_its_own<T>(life: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O");
    runtime.block_on(LocalSet::new().run_until(life))
}

struct World {
    scenario: Scenario,
    environment: Rc<Environment>,
    instances: Rc<RefCell<Instances>>,
    store: Rc<RefCell<Option<Store>>>,
    dice: Dice,
    tally: Tally,
    violations: Vec<Violation>,
    /// Whether more orders come at once than can be done. Then fewer come before.
    is_overloaded: bool,
    /// How many events were recorded when all clocks were right for good, and the time then.
    calm_since: (usize, Timestamp),
}

impl World {
    async fn live(scenario: Scenario) -> Report {
        let (world, people) = Self::lived(scenario).await;
        world.judge(&people).await
    }

    /// A world in which nothing happens any more.
    async fn lived(scenario: Scenario) -> (Self, Rc<People>) {
        let mut world = Self::begin(scenario).await;
        let people =
            Rc::new(People::open_shop(Rc::clone(&world.instances), world.dice.clone()).await);
        world.rates(&people).await;
        world.clear_up(&people).await;
        (world, people)
    }

    async fn begin(scenario: Scenario) -> Self {
        let (dice, tally) = (Dice::new(scenario.seed), Tally::default());
        let clock = RuntimeClock::starting_at(EPOCH);
        let store_clock = Arc::new(TestClock::beside(clock));
        let saboteur = Saboteur {
            tally: tally.clone(),
            bug: scenario.bug,
            dice: dice.clone(),
            unreadable: std::sync::Mutex::default(),
        };
        let transport = FaultyTransport::with(dice.clone(), saboteur);
        let guest = scenario.guest.map(|guest| guest.module);
        let environment = Rc::new(Environment {
            name: format!("world-{}", WORLDS.fetch_add(1, Ordering::Relaxed)),
            services: registry::SERVICES.iter().copied().chain(guest).collect(),
            disk: Arc::new(SimDisk::new(dice.number())),
            transport: Arc::new(transport),
            clock,
            store_clock,
            store_slowness: Slowness::default(),
            forged: RefCell::default(),
            versions: Versions::of(scenario.seed, scenario.bug),
            ids: Arc::new(Ids::from_seed(dice.bytes())),
            bug: scenario.bug,
            salt: dice.bytes(),
            secret: dice.bytes(),
        });
        let store = Rc::new(RefCell::new(environment.start_store().await));
        let instances = Rc::new(RefCell::new(Instances::new()));
        for service in environment.services.iter().map(|module| module.name) {
            let instance = environment.start(service, environment.models(service)).await;
            instances.borrow_mut().insert(service.to_owned(), instance);
        }
        let waiting: Vec<_> =
            instances.borrow().values().map(|instance| instance.service.clone()).collect();
        for service in waiting {
            service.wait_ready().await;
        }
        let is_overloaded = dice.happens(overload::OVERLOADED);
        Self {
            scenario,
            environment,
            instances,
            store,
            dice,
            tally,
            violations: Vec::new(),
            is_overloaded,
            calm_since: (0, EPOCH),
        }
    }

    /// People shop while the storm rages.
    async fn rates(&self, people: &Rc<People>) {
        let schedule = Rc::new(self.schedule(people));
        self.environment.transport.set_rates(schedule.rates());
        let mut shopping = tokio::task::JoinSet::new();
        let orders = self.scenario.orders / if self.is_overloaded { 2 } else { 1 };
        for _ in 0..orders {
            let (people, when) = (Rc::clone(people), self.moment());
            shopping.spawn_local(async move {
                tokio::time::sleep(when).await;
                people.order().await;
            });
        }
        for _ in 0..self.scenario.orders / 10 {
            let (people, when) = (Rc::clone(people), self.moment());
            shopping.spawn_local(async move {
                tokio::time::sleep(when).await;
                people.manage().await;
            });
        }
        if let Some(guest) = self.scenario.guest {
            for _ in 0..self.scenario.orders / 10 {
                let (people, when) = (Rc::clone(people), self.moment());
                shopping.spawn_local(async move {
                    tokio::time::sleep(when).await;
                    people.visit(guest).await;
                });
            }
        }
        let blows = self.dice.within(3..9);
        let striking = tokio::task::spawn_local(async move {
            schedule.begin().await;
            let mut beside = tokio::task::JoinSet::new();
            for _ in 0..blows {
                schedule.strike(&mut beside).await;
            }
            while let Some(done) = beside.join_next().await {
                done.expect("an operator does not panic");
            }
        });
        while let Some(done) = shopping.join_next().await {
            done.expect("a shopper does not panic");
        }
        striking.await.expect("a storm does not panic");
    }

    fn schedule(&self, people: &Rc<People>) -> Schedule {
        Schedule {
            environment: Rc::clone(&self.environment),
            instances: Rc::clone(&self.instances),
            store: Rc::clone(&self.store),
            dice: self.dice.clone(),
            tally: self.tally.clone(),
            people: Rc::clone(people),
        }
    }

    fn moment(&self) -> Duration {
        Duration::from_micros(
            self.dice.within(0..u64::try_from(SHOPPING.as_micros()).unwrap_or(u64::MAX)),
        )
    }

    /// The faults stop; orders meet their deadline while no service answers them; then every order must end.
    async fn clear_up(&mut self, people: &Rc<People>) {
        self.environment.transport.set_rates(FaultRates::default());
        // What was delayed still arrives, late.
        tokio::time::sleep(SETTLING).await;
        self.finish_upgrade(people).await;
        self.decide(people).await;
        self.calm_since = (self.events().await.len(), self.environment.clock.now());
        // What the faults left open ends. Then one answer shows the order service that it may let others in again.
        tokio::time::sleep(DEADLINE + OVERDUE).await;
        for _ in 0..UNANSWERED {
            people.order().await;
            tokio::time::sleep(SETTLING).await;
        }
        self.overload(people).await;
        let mut away = Vec::new();
        for name in ["product", "product-2"] {
            let instance = self.instances.borrow_mut().remove(name);
            if let Some(instance) = instance {
                away.push((name, instance.kill().await));
            }
        }
        let before = people.told.borrow().orders.len();
        for _ in 0..UNANSWERED {
            people.order().await;
        }
        tokio::time::sleep(DEADLINE + OVERDUE).await;
        let unanswered = people.told.borrow().orders.get(before..).unwrap_or_default().to_vec();
        if unanswered.len() < UNANSWERED {
            self.violations.push("orders are refused though the weather is clear".to_owned());
        }
        let events = self.events().await;
        self.check_dates(&events);
        self.check_deadlines_met(&events, &unanswered);
        for (name, models) in away {
            let instance = self.environment.start("product", models).await;
            self.instances.borrow_mut().insert(name.to_owned(), instance);
        }
        tokio::time::sleep(CALM).await;
    }

    /// In a world with two versions: what is older is replaced, and then the upgrade ends by itself.
    async fn finish_upgrade(&mut self, people: &Rc<People>) {
        let environment = Rc::clone(&self.environment);
        let Some(versions) = &environment.versions else { return };
        if versions::finished(&self.events().await).is_some() {
            self.tally.count(Fault::UpgradedWhileShopping);
        }
        self.schedule(people).upgrade_all(versions).await;
        tokio::time::sleep(UPGRADING).await;
        let events = self.events().await;
        if versions::finished(&events).is_none() {
            self.violations.push("the upgrade does not end (promise 12)".to_owned());
        }
    }

    /// Orders without answers are denied at their deadline.
    fn check_deadlines_met(&mut self, events: &[Arc<Recorded>], orders: &[uuid::Uuid]) {
        let checker = self.checked(events);
        for order in orders.iter().filter(|order| !checker.is_denied(**order)) {
            self.violations.push(format!("order {order} is open beyond its deadline (promise 7)"));
        }
    }

    async fn events(&self) -> Vec<Arc<Recorded>> {
        let reader = self
            .store
            .borrow()
            .as_ref()
            .map(|store| store.reader.clone())
            .expect("the store is up after the storm");
        all_events(&reader).await.expect("a whole log")
    }
}

#[cfg(test)]
mod tests {
    use eventlog::simdisk::Fault;

    use super::*;

    #[test]
    fn a_log_that_comes_back_shorter_on_a_disk_that_fails_once_more_is_opened_again() {
        in_time_of_its_own(async {
            let scenario = Scenario { seed: 1, orders: 0, bug: None, guest: None };
            let world = World::begin(scenario).await;
            let shop = People::open_shop(Rc::clone(&world.instances), world.dice.clone()).await;
            let people = Rc::new(shop);
            let schedule = world.schedule(&people);
            let recorded = world.events().await.len();
            let shopping = async {
                people.order().await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                // A fault that was planned for a step which has not come yet.
                world.environment.disk.fail_at(world.environment.disk.steps() + 1, Fault::Failure);
            };
            tokio::join!(schedule.shorten_log(), shopping);
            let counts = world.environment.disk.counts();
            assert_eq!(world.tally.of(crate::Fault::LogShortened), 1);
            assert_eq!(counts.failed_writes + counts.failed_syncs, 1);
            assert_eq!(world.events().await.len(), recorded);
            assert_eq!(people.told.borrow().wrong, Vec::<String>::new());
        });
    }
}
