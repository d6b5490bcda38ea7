//! The fault schedule of a world: faults of the bus, and faults injected into its parts, one after the other while people shop.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use kernel::{Clock as _, Position};
use store::{Append, Appended, Message, Transport as _};
use testkit::{Dice, FaultRates};
use tokio::task::JoinSet;

use crate::{
    faults::{Fault, Tally},
    forgery::{all_events, forged},
    parts::{Environment, Instances, Store},
    shoppers::People,
};

/// More broadcasts than wait for one subscriber.
const BROADCASTS_TOO_MANY: u32 = 2000;

/// How long the forger waits for an answer.
const FORGER_TIMEOUT: Duration = Duration::from_secs(2);

/// Minutes of a day.
const DAY: u64 = 24 * 60;

/// A world's parts, as faults are injected into them.
pub(crate) struct Schedule {
    pub(crate) environment: Rc<Environment>,
    pub(crate) instances: Rc<RefCell<Instances>>,
    pub(crate) store: Rc<RefCell<Option<Store>>>,
    pub(crate) dice: Dice,
    pub(crate) tally: Tally,
    pub(crate) people: Rc<People>,
}

impl Schedule {
    /// How often the bus of this world fails; in some worlds some of it never happens.
    pub(crate) fn rates(&self) -> FaultRates {
        let chance = |most: u64| {
            let some = self.dice.happens(700);
            if some { u16::try_from(self.dice.within(1..most)).unwrap_or(0) } else { 0 }
        };
        FaultRates {
            broadcast_lost: chance(200),
            broadcast_repeated: chance(100),
            broadcast_delayed: chance(100),
            broadcast_reordered: chance(300),
            request_lost: chance(30),
            reply_lost: chance(30),
            request_repeated: chance(60),
            request_delayed: chance(60),
        }
    }

    /// Faults of most worlds, injected before anything else and while people shop: the event store's clock is wrong, and events
    /// are forged.
    pub(crate) async fn begin(&self) {
        if let Some(versions) = &self.environment.versions {
            self.upgrade(versions).await;
        }
        if self.dice.happens(750) {
            self.pause().await;
            self.set_clock_wrong(None).await;
        }
        if self.dice.happens(750) {
            self.pause().await;
            self.forge().await;
        }
    }

    /// Injects one fault, at a moment of its own. A rebuild goes on beside what comes then.
    pub(crate) async fn strike(self: &Rc<Self>, beside: &mut JoinSet<()>) {
        tokio::time::sleep(Duration::from_micros(self.dice.within(0..1_500_000))).await;
        for _ in 0..self.dice.within(0..20) {
            tokio::task::yield_now().await;
        }
        if let Some(versions) = &self.environment.versions
            && self.dice.happens(200)
        {
            return self.change_version(versions).await;
        }
        match self.dice.within(0..21) {
            0..3 => self.kill_service().await,
            3 => self.send_away().await,
            4 => self.second_instance().await,
            5 => self.kill_store().await,
            6 => self.lose_power(false).await,
            7 => self.lose_power(true).await,
            8 => self.fail_disk().await,
            9 => self.fail_write().await,
            10 => self.overrun_subscribers().await,
            11 => self.forge().await,
            12 => self.shorten_log().await,
            13 => self.set_clock_wrong(None).await,
            14 => self.set_clock_wrong(self.any_instance()).await,
            15 => self.slow_store(),
            16 => self.slow_service(),
            17 => self.overload().await,
            18 | 19 => {
                let schedule = Rc::clone(self);
                beside.spawn_local(async move { schedule.rebuild().await });
            }
            _ => self.fill_disk().await,
        }
    }

    async fn kill_service(&self) {
        let Some((name, service)) = self.any_instance() else { return };
        self.tally.count(Fault::ServiceKilled);
        let models = self.kill(&name).await;
        let lost = self.dice.happens(200);
        let models = match models {
            Some(models) if !lost => models,
            _ => {
                self.tally.count(Fault::ModelLost);
                self.tally.count(Fault::SnapshotsLost);
                self.environment.models(&name)
            }
        };
        tokio::time::sleep(Duration::from_millis(self.dice.within(0..2000))).await;
        let instance = self.environment.start(&service, models).await;
        self.instances.borrow_mut().insert(name, instance);
    }

    /// All instances of a service are away for longer than an order may stay open.
    async fn send_away(&self) {
        self.tally.count(Fault::ServiceAway);
        let service = self.dice.pick(&self.environment.services).name;
        let names = self.names_of(service);
        let mut away = Vec::new();
        for name in names {
            away.push((name.clone(), self.kill(&name).await));
        }
        tokio::time::sleep(Duration::from_millis(self.dice.within(8_000..25_000))).await;
        for (name, models) in away {
            let models = models.unwrap_or_else(|| self.environment.models(&name));
            let instance = self.environment.start(service, models).await;
            self.instances.borrow_mut().insert(name, instance);
        }
    }

    /// A burst of broadcasts that overflows every subscriber's queue.
    async fn overrun_subscribers(&self) {
        self.tally.count(Fault::SubscriberOverrun);
        for _ in 0..BROADCASTS_TOO_MANY {
            self.environment.transport.publish(Message::Head(Position::START)).await;
        }
    }

    async fn second_instance(&self) {
        let service = self.dice.pick(&self.environment.services).name;
        let name = format!("{service}-2");
        if self.instances.borrow().contains_key(&name) {
            return;
        }
        self.tally.count(Fault::SecondInstance);
        let instance = self.environment.start(service, self.environment.models(&name)).await;
        self.instances.borrow_mut().insert(name, instance);
    }

    async fn kill_store(&self) {
        self.tally.count(Fault::EventStoreKilled);
        self.stop_store().await;
        self.pause().await;
        self.start_store().await;
    }

    /// The machine of the event store loses its power, now or in the middle of a write.
    async fn lose_power(&self, while_writing: bool) {
        if while_writing {
            self.environment
                .disk
                .lose_power_at(self.environment.disk.steps() + self.dice.within(1..6));
            for _ in 0..50 {
                if self.environment.disk.is_off() {
                    self.tally.count(Fault::PowerLostWhileWriting);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.tally.count(Fault::PowerLost);
        self.stop_store().await;
        let before = self.environment.disk.counts().lost_sectors;
        self.environment.disk.crash(self.dice.number());
        self.tally
            .add(Fault::UnsyncedSectorsLost, self.environment.disk.counts().lost_sectors - before);
        self.environment.disk.revive();
        self.pause().await;
        self.start_store().await;
    }

    /// Syncs fail for a while: the store mends its log in place before it records again.
    async fn fail_disk(&self) {
        let before = self.environment.disk.counts().failed_syncs;
        self.environment
            .disk
            .set_chances(eventlog::simdisk::Chances { failed_sync: 1000, ..Default::default() });
        tokio::time::sleep(Duration::from_millis(self.dice.within(100..600))).await;
        self.environment.disk.set_chances(eventlog::simdisk::Chances::default());
        self.tally.add(Fault::SyncFailed, self.environment.disk.counts().failed_syncs - before);
    }

    /// One write, or another step, fails; all others succeed, and the store recovers by itself.
    async fn fail_write(&self) {
        let failed = || {
            let counts = self.environment.disk.counts();
            counts.failed_writes + counts.failed_syncs
        };
        let before = failed();
        let step = self.environment.disk.steps() + self.dice.within(1..6);
        self.environment.disk.fail_at(step, eventlog::simdisk::Fault::Failure);
        for _ in 0..50 {
            if self.environment.disk.steps() >= step {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.tally.add(Fault::WriteFailed, failed() - before);
    }

    async fn fill_disk(&self) {
        let before = self.environment.disk.counts().disk_full;
        self.environment.disk.set_capacity(Some(0));
        tokio::time::sleep(Duration::from_millis(self.dice.within(500..3000))).await;
        self.environment.disk.set_capacity(None);
        // The store continues by itself once there is space.
        self.tally.add(Fault::DiskFull, self.environment.disk.counts().disk_full - before);
    }

    /// An intruder with the bus's password records a few events.
    async fn forge(&self) {
        for _ in 0..self.dice.within(1..4) {
            let reader = self.store.borrow().as_ref().map(|store| store.reader.clone());
            let Some(reader) = reader else { return };
            let Ok(events) = all_events(&reader).await else { continue };
            let environment = &self.environment;
            let id = environment.ids.event_id(environment.clock.now());
            let Some((fault, stream, expected, event)) = forged(id, &events, &self.dice) else {
                continue;
            };
            environment.forged.borrow_mut().insert(id);
            let append = Append { stream, expected, events: Arc::from(vec![event]) };
            let answer = environment.transport.append(append, FORGER_TIMEOUT).await;
            if matches!(answer, Ok(Appended::Recorded { .. })) {
                self.tally.count(fault);
            }
        }
    }

    /// The clock of an instance's machine, or of the event store's, is minutes to days ahead or behind for a while, and what runs
    /// there may be started again meanwhile.
    async fn set_clock_wrong(&self, instance: Option<(String, String)>) {
        let clock = match &instance {
            Some((name, _)) => {
                let instances = self.instances.borrow();
                let Some(instance) = instances.get(name) else { return };
                Arc::clone(&instance.models.clock)
            }
            None => Arc::clone(&self.environment.store_clock),
        };
        let off = Duration::from_mins(*self.dice.pick(&[2, 30, 300, 2 * DAY, 40 * DAY]));
        let ahead = self.dice.happens(600);
        if ahead {
            self.tally.count(Fault::ClockAhead);
            clock.set_ahead(off);
        } else {
            self.tally.count(Fault::ClockBehind);
            clock.set_behind(off);
        }
        self.pause().await;
        if self.dice.happens(500) {
            match instance {
                Some((name, service)) => self.restart(&name, &service).await,
                None => self.kill_store().await,
            }
        }
        self.pause().await;
        clock.set_right();
    }

    /// Kills an instance and starts it again on its databases.
    async fn restart(&self, name: &str, service: &str) {
        self.tally.count(Fault::ServiceKilled);
        let Some(models) = self.kill(name).await else { return };
        let instance = self.environment.start(service, models).await;
        self.instances.borrow_mut().insert(name.to_owned(), instance);
    }

    pub(crate) async fn stop_store(&self) {
        let store = self.store.borrow_mut().take();
        if let Some(store) = store {
            store.kill().await;
        }
    }

    async fn start_store(&self) {
        loop {
            if let Some(store) = self.environment.start_store().await {
                *self.store.borrow_mut() = Some(store);
                return;
            }
            self.pause().await;
        }
    }

    async fn kill(&self, name: &str) -> Option<crate::parts::Models> {
        let instance = self.instances.borrow_mut().remove(name)?;
        Some(instance.kill().await)
    }

    pub(crate) fn any_instance(&self) -> Option<(String, String)> {
        let instances = self.instances.borrow();
        let all: Vec<(&String, &'static str)> =
            instances.iter().map(|(name, instance)| (name, instance.service.name)).collect();
        if all.is_empty() {
            return None;
        }
        let (name, service) = self.dice.pick(&all);
        Some(((*name).clone(), (*service).to_owned()))
    }

    fn names_of(&self, service: &str) -> Vec<String> {
        let instances = self.instances.borrow();
        instances
            .iter()
            .filter(|(_, instance)| instance.service.name == service)
            .map(|(name, _)| name.clone())
            .collect()
    }

    pub(crate) async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(self.dice.within(0..1500))).await;
    }
}
