//! Reactions and effects of events that waited: late, in order, and each reaction once.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eventlog::simdisk::SimDisk;
use futures_util::FutureExt;
use kernel::{Decider, Position, Recorded, StreamId, events};
use runtime::{
    Aggregate, Aggregates, Delivery, Deps, Progress, Reaction, Reactor, Tasks, Unfit, follower,
    inbox::stream as decisions,
    reactor,
    snapshots::Snapshots,
    sqlite::{Database, Location, Schema},
};
use serde_json::json;

use super::{TillEvent, cents, decide, entries, retried, skipped};
use crate::{projecting::PATIENCE, watched::serve};

/// Puts what tills receive into one purse, and notes what of.
struct Purse;

events! { PurseEvent { Put { cents: u32 } = "purse.put" @ 1 } }

impl Decider for Purse {
    type State = ();
    type Command = u32;
    type Event = PurseEvent;
    type Rejection = ();

    fn decide((): &(), cents: &u32) -> Result<Vec<PurseEvent>, ()> {
        Ok(vec![PurseEvent::Put { cents: *cents }])
    }

    fn evolve((): &mut (), _: &PurseEvent) {}
}

impl Aggregate for Purse {
    const CATEGORY: &'static str = "purse";
}

/// A reactor, before or after a repair.
struct Puts {
    is_repaired: bool,
}

impl Reactor for Puts {
    type Aggregate = Purse;
    const NAME: &'static str = "puts";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<u32>>, Unfit> {
        if event.stream.category() != "till" {
            return Ok(None);
        }
        let command = match TillEvent::read(event) {
            Ok(TillEvent::Received { cents }) => *cents,
            Err(_) if self.is_repaired => 1000,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Reaction { stream: purse(), command }))
    }
}

fn purse() -> StreamId {
    StreamId::new("purse", 1).expect("a name")
}

/// A process with that reactor, until its tasks are killed.
pub(super) fn reacting(deps: &Deps, is_repaired: bool) -> (Tasks, Progress) {
    let tasks = deps.tasks.child();
    let own = Deps { tasks: tasks.clone(), ..deps.clone() };
    let progress = deps.progress("puts.reactor");
    let purses = Aggregates::<Purse>::new(&own, Snapshots::none());
    reactor::spawn(&own, purses, Puts { is_repaired }, progress.clone());
    (tasks, progress)
}

pub(super) async fn caught_up(deps: &Deps, progress: &Progress) {
    loop {
        let head = deps.store().head().await;
        progress.wait_for(head, PATIENCE).await.expect("nothing stops it");
        if deps.store().head().await == head {
            return;
        }
    }
}

pub(super) async fn in_purse(deps: &Deps) -> Vec<u32> {
    let events = deps.store().read_stream(&purse(), None).await.expect("a stream");
    let put = events.iter().map(|event| PurseEvent::read(event).expect("ours"));
    put.map(|PurseEvent::Put { cents }| *cents).collect()
}

pub(super) async fn recording() -> Deps {
    let deps = crate::deps();
    serve(&deps, &Arc::new(SimDisk::new(1))).await;
    deps
}

#[tokio::test(start_paused = true)]
async fn a_reactor_reacts_late_in_order_and_once_whatever_was_restarted() {
    let deps = recording().await;
    let (tasks, progress) = reacting(&deps, false);
    cents(&deps, 1, json!(1)).await;
    let broken = cents(&deps, 1, json!("much")).await;
    for (number, value) in [(1, 2), (2, 20), (1, 3), (2, 30)] {
        cents(&deps, number, json!(value)).await;
    }
    caught_up(&deps, &progress).await;
    assert_eq!(in_purse(&deps).await, [1, 20, 30], "later reactions to others are recorded");
    assert_eq!(entries(&progress), [(broken.0, 1)]);
    tasks.kill().await;
    // A repaired program does not react by itself: others reacted since.
    let (tasks, progress) = reacting(&deps, true);
    caught_up(&deps, &progress).await;
    assert_eq!((in_purse(&deps).await, entries(&progress)), (vec![1, 20, 30], vec![(broken.0, 1)]));
    decide(&deps, retried("puts.reactor", broken)).await;
    cents(&deps, 1, json!(4)).await;
    caught_up(&deps, &progress).await;
    let expected = [1, 20, 30, 1000, 2, 3, 4];
    assert_eq!((&in_purse(&deps).await[..], entries(&progress)), (&expected[..], vec![]));
    tasks.kill().await;
    // One that reads the log again, from the start, does nothing again; nor does one that cannot read the event.
    for is_repaired in [true, false] {
        let (tasks, progress) = reacting(&deps, is_repaired);
        caught_up(&deps, &progress).await;
        assert_eq!(in_purse(&deps).await, expected, "repaired: {is_repaired}");
        tasks.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_reactors_both_hold_back_and_each_late_reaction_happens_once() {
    let deps = recording().await;
    let both = [reacting(&deps, false), reacting(&deps, false)];
    let broken = cents(&deps, 1, json!("much")).await;
    cents(&deps, 1, json!(1)).await;
    let again = cents(&deps, 1, json!("more")).await;
    cents(&deps, 1, json!(2)).await;
    for (_, progress) in &both {
        caught_up(&deps, progress).await;
    }
    let parked = deps.store().read_stream(&decisions("puts.reactor"), None).await.expect("events");
    assert_eq!(parked.len(), 1, "it is recorded once");
    for (entry, left, put) in [(broken, vec![(again.0, 2)], vec![1]), (again, vec![], vec![1, 2])] {
        decide(&deps, skipped("puts.reactor", entry)).await;
        for (_, progress) in &both {
            caught_up(&deps, progress).await;
            assert_eq!((in_purse(&deps).await, entries(progress)), (put.clone(), left.clone()));
        }
    }
}

const LETTERS: Schema = Schema {
    model: "letters",
    unmarked: &[],
    number: 1,
    variant: 0,
    create: "CREATE TABLE letter (position INTEGER)",
};

#[tokio::test(start_paused = true)]
async fn a_follower_has_its_effects_late_and_in_order() {
    let deps = recording().await;
    let database = Database::open(Location::Memory("letters-inbox".to_owned()), LETTERS);
    let database = database.expect("a database");
    let sent: Arc<Mutex<Vec<Position>>> = Arc::default();
    let start = || {
        let sending = Arc::clone(&sent);
        let send = move |event: &Recorded| {
            if event.stream.category() != "till" {
                return Ok(None);
            }
            TillEvent::read(event)?;
            let (position, sending) = (event.position, Arc::clone(&sending));
            let effect = async move {
                sending.lock().expect("no holder panics").push(position);
                Ok(())
            };
            Ok::<Option<Delivery>, Unfit>(Some(effect.boxed()))
        };
        let (progress, tasks) = (deps.progress("letters"), deps.tasks.child());
        let own = Deps { tasks: tasks.clone(), ..deps.clone() };
        follower::spawn(&own, database.clone(), send, progress.clone());
        (tasks, progress)
    };
    let sent = || {
        let sent = sent.lock().expect("no holder panics");
        sent.iter().map(|position| position.0).collect::<Vec<_>>()
    };
    let (tasks, progress) = start();
    let broken = cents(&deps, 1, json!("much")).await;
    for number in [1, 2, 1] {
        cents(&deps, number, json!(1)).await;
    }
    caught_up(&deps, &progress).await;
    assert_eq!((sent(), entries(&progress)), (vec![3], vec![(1, 0)]));
    tasks.kill().await;
    let (_tasks, progress) = start();
    let at = decide(&deps, skipped("letters", broken)).await;
    cents(&deps, 1, json!(1)).await;
    caught_up(&deps, &progress).await;
    assert_eq!((sent(), entries(&progress)), (vec![3, 2, 4, at.0 + 1], vec![]));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(database.aside().expect("a list"), []);
}
