//! A log that is not the one that was followed is detected by every subscriber; requests do not wait for positions that it does not have.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{
    Actor, EventId, EventType, Metadata, Position, Recorded, StreamId, Timestamp, Version,
};
use runtime::{Behind, Deps, Progress, Subscription, Tasks, projector};
use store::{Message, Page, Read};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::side::Side;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An event store whose history can be exchanged under its readers.
struct World {
    deps: Deps,
    history: Arc<Mutex<History>>,
    server: Tasks,
}

struct History {
    events: Vec<Arc<Recorded>>,
    /// The most events of one page.
    page: usize,
    /// Looks that will see only so many events.
    blind: (usize, usize),
}

/// `count` events of one history: the others have the same positions and other ids.
fn history(name: u64, count: u64) -> Vec<Arc<Recorded>> {
    (1..=count).map(|position| Arc::new(event(name, position))).collect()
}

fn event(name: u64, position: u64) -> Recorded {
    let id = Uuid::from_u64_pair(name, position);
    Recorded {
        position: Position(position),
        stream: StreamId::parse(&format!("test-{id}")).expect("a stream"),
        version: Version(0),
        id: EventId(id),
        kind: EventType::parse("test.happened").expect("a type"),
        schema: 1,
        time: Timestamp::from_micros(1_767_225_600_000_000),
        metadata: Metadata::of(Actor::anonymous(), Uuid::nil()),
        data: serde_json::value::to_raw_value(&serde_json::json!({})).expect("an object").into(),
    }
}

impl History {
    fn read(&mut self, read: &Read) -> Page {
        let Read::All { from, .. } = read else { panic!("streams are not read here") };
        let mut events = self.events.as_slice();
        if self.blind.0 > 0 {
            self.blind.0 -= 1;
            events = events.get(..self.blind.1).expect("so many");
        }
        let wanted = events.iter().filter(|event| event.position >= *from);
        let found: Vec<_> = wanted.clone().take(self.page).cloned().collect();
        let head = Position(events.len() as u64);
        let next = found
            .last()
            .map_or(head.next().min((*from).max(Position(1))), |event| event.position.next());
        Page { end: wanted.count() == found.len(), events: found, head, next }
    }
}

impl World {
    async fn of(events: Vec<Arc<Recorded>>) -> Self {
        let deps = crate::deps();
        let history = History { events, page: Page::EVENTS_MAX, blind: (0, 0) };
        let world = Self { deps, history: Arc::new(Mutex::new(history)), server: Tasks::inline() };
        let (mut reads, history) =
            (world.deps.transport.serve_reads().await, Arc::clone(&world.history));
        world.server.spawn("store", async move {
            loop {
                for incoming in reads.next_batch(64).await {
                    let page = history.lock().expect("whole").read(&incoming.question);
                    incoming.answer(page);
                }
            }
        });
        world
    }

    fn replace(&self, events: Vec<Arc<Recorded>>) {
        self.history.lock().expect("whole").events = events;
    }

    async fn says(&self, head: u64) {
        self.deps.transport.publish(Message::Head(Position(head))).await;
    }

    /// A subscription that has been handed everything.
    async fn caught_up(&self) -> Subscription {
        let mut subscription = Subscription::open(&self.deps.store(), Position::START).await;
        while !subscription.is_caught_up() {
            subscription.next().await;
        }
        subscription
    }

    /// The process ends, and nothing more is handed over before.
    async fn ends(&self, mut subscription: Subscription) {
        tokio::select! {
            biased;
            events = subscription.next() => panic!("{} events of another log", events.len()),
            stopped = timeout(PATIENCE, self.deps.tasks.stopped()) => stopped.expect("it ends"),
        }
        assert!(self.deps.tasks.failed());
    }

    /// The progress of a read model at the head.
    async fn followed(&self) -> Progress {
        let progress = self.deps.progress("follower");
        let (model, project) = (Side::new(&Arc::default()), |_: &Recorded| Ok(None));
        projector::spawn(&self.deps.tasks, &self.deps.store(), model, project, progress.clone());
        progress.wait_ready().await;
        progress
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_came_back_shorter_ends_the_process() {
    let world = World::of(history(1, 5)).await;
    let subscription = world.caught_up().await;
    world.replace(history(1, 3));
    world.says(3).await;
    world.ends(subscription).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_came_back_shorter_and_has_grown_since_ends_the_process() {
    let world = World::of(history(1, 5)).await;
    let subscription = world.caught_up().await;
    world.replace([history(1, 3), history(2, 9).split_off(3)].concat());
    world.says(9).await;
    world.ends(subscription).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_has_grown_to_the_same_position_is_recognised_when_its_store_begins() {
    let world = World::of(history(1, 5)).await;
    // At the head from the start: nothing was ever handed over.
    let mut subscription = Subscription::open(&world.deps.store(), Position(5)).await;
    subscription.look().await;
    assert!(subscription.is_caught_up());
    world.replace(history(2, 5));
    world.says(0).await;
    let next = history(2, 6).split_off(5);
    world.deps.transport.publish(Message::Recorded(next.into())).await;
    world.ends(subscription).await;
}

#[tokio::test(start_paused = true)]
async fn a_model_of_a_replaced_log_keeps_what_it_has_and_says_so_by_ending() {
    let world = World::of(history(1, 5)).await;
    let progress = world.followed().await;
    world.replace(history(2, 8));
    world.says(8).await;
    timeout(PATIENCE, world.deps.tasks.stopped()).await.expect("it ends");
    assert!(world.deps.tasks.failed());
    assert_eq!(progress.position(), Position(5));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_know_yet_how_far_it_goes_is_asked_again() {
    let world = World::of(history(1, 5)).await;
    let mut subscription = world.caught_up().await;
    world.history.lock().expect("whole").blind = (2, 3);
    world.replace(history(1, 6));
    world.says(6).await;
    let events = timeout(PATIENCE, subscription.next()).await.expect("it goes on");
    assert_eq!(events.last().map(|event| event.position), Some(Position(6)));
    assert!(!world.deps.tasks.failed());
}

#[tokio::test(start_paused = true)]
async fn pages_of_a_single_event_are_read_to_the_end() {
    let world = World::of(history(1, 5)).await;
    world.history.lock().expect("whole").page = 1;
    let mut subscription = Subscription::open(&world.deps.store(), Position(2)).await;
    let mut positions = Vec::new();
    while !subscription.is_caught_up() {
        let events = timeout(PATIENCE, subscription.next()).await.expect("there is more");
        positions.extend(events.iter().map(|event| event.position.0));
    }
    assert_eq!(positions, [3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_position_that_the_log_does_not_have_is_not_waited_for() {
    let world = World::of(history(1, 5)).await;
    let progress = world.followed().await;
    let begun = Instant::now();
    let beyond = [6, 10_000, u64::MAX].map(|at| progress.reach(Position(at), PATIENCE));
    for reached in futures_util::future::join_all(beyond).await {
        assert_eq!(reached, Ok(()));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_position_that_the_log_has_is_waited_for() {
    let world = World::of(history(1, 5)).await;
    let progress = world.followed().await;
    // Recorded, and not yet told.
    world.replace(history(1, 6));
    let telling = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.says(6).await;
    };
    let (reached, ()) = tokio::join!(progress.reach(Position(6), PATIENCE), telling);
    assert_eq!((reached, progress.position()), (Ok(()), Position(6)));
}

#[tokio::test(start_paused = true)]
async fn without_the_store_an_unknown_position_is_waited_for_as_long_as_any() {
    let world = World::of(history(1, 5)).await;
    let progress = world.followed().await;
    world.server.kill().await;
    let begun = Instant::now();
    let reached = progress.reach(Position(6), Duration::from_secs(2)).await;
    assert_eq!(reached, Err(Behind { reached: Position(5), wanted: Position(6) }));
    assert_eq!(begun.elapsed().as_millis() / 10, 200);
}
