//! Events that only a newer version of the program reads: the older one stops in front of them and decides nothing; a newer instance beside
//! it goes on.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eventlog::simdisk::SimDisk;
use futures_util::FutureExt;
use kernel::{
    Actor, Cause, Decider, Fields, Idempotency, Metadata, Position, Recorded, StreamId, events,
};
use runtime::{
    Aggregate, Aggregates, CommandRequest, Delivery, Deps, Done, ExecuteError, Progress, Reaction,
    Reactor, Unfit, follower, reactor,
    snapshots::Snapshots,
    sqlite::{Database, Location, Schema},
};
use uuid::Uuid;

use crate::{
    projecting::{MOVES, PATIENCE, World},
    watched::serve,
};

/// The pause of those that have stopped, and more.
const A_WHILE: Duration = Duration::from_secs(10);

events! { OldEvent { Received { cents: u32 } = "till.received" @ 1 } }
events! { NewEvent { Received { cents: u32, coins: u32 } = "till.received" @ 2 { from 1 => uncounted } } }

fn uncounted(received: &mut Fields) {
    received.insert("coins".to_owned(), 0.into());
}

/// A till of the older version.
struct Old;

/// And of the newer one.
struct New;

impl Decider for Old {
    type State = u32;
    type Command = u32;
    type Event = OldEvent;
    type Rejection = ();

    fn decide(_held: &u32, cents: &u32) -> Result<Vec<OldEvent>, ()> {
        Ok(vec![OldEvent::Received { cents: *cents }])
    }

    fn evolve(held: &mut u32, event: &OldEvent) {
        let OldEvent::Received { cents } = event;
        *held += cents;
    }
}

impl Decider for New {
    type State = u32;
    type Command = u32;
    type Event = NewEvent;
    type Rejection = ();

    fn decide(_held: &u32, cents: &u32) -> Result<Vec<NewEvent>, ()> {
        Ok(vec![NewEvent::Received { cents: *cents, coins: 1 }])
    }

    fn evolve(held: &mut u32, event: &NewEvent) {
        let NewEvent::Received { cents, .. } = event;
        *held += cents;
    }
}

impl Aggregate for Old {
    const CATEGORY: &'static str = "till";
}

impl Aggregate for New {
    const CATEGORY: &'static str = "till";
}

async fn recording() -> Deps {
    let deps = crate::deps();
    serve(&deps, &Arc::new(SimDisk::new(1))).await;
    deps
}

fn till(number: u32) -> StreamId {
    StreamId::new("till", number).expect("a name")
}

fn asked(cents: u32, metadata: Metadata) -> CommandRequest<u32> {
    CommandRequest { command: cents, metadata }
}

fn plain() -> Metadata {
    Metadata::of(Actor::anonymous(), Uuid::from_u128(2))
}

fn because_of(position: u64) -> Metadata {
    let cause = Cause { reactor: "tester".into(), position: Position(position) };
    Metadata { cause: Some(cause), ..plain() }
}

fn keyed(key: u128) -> Metadata {
    let (key, request) = (Uuid::from_u128(key), Uuid::from_u128(9));
    let key = Idempotency { key, request, creates: false, as_sent: None };
    Metadata { idempotency: Some(key), ..plain() }
}

async fn read<D: Aggregate<Command = u32>>(tills: &Aggregates<D>, number: u32, cents: u32) {
    let done = tills.execute(till(number), asked(cents, plain())).await;
    assert!(matches!(done, Ok(Done::Recorded { .. })), "it is recorded");
}

async fn events_of(deps: &Deps, number: u32) -> usize {
    deps.store().read_stream(&till(number), None).await.expect("a stream").len()
}

#[tokio::test(start_paused = true)]
async fn commands_are_refused_where_a_newer_version_has_recorded_and_nowhere_else() {
    let deps = recording().await;
    let old = Aggregates::<Old>::new(&deps, Snapshots::none());
    let new = Aggregates::<New>::new(&deps, Snapshots::none());
    let first = old.execute(till(1), asked(5, keyed(1))).await.expect("it is recorded");
    let Done::Recorded { last, version, .. } = first else { panic!("{first:?}") };
    read(&new, 1, 3).await;
    for _ in 0..2 {
        let Err(ExecuteError::Newer(event)) = old.execute(till(1), asked(1, plain())).await else {
            panic!("decided without what the newer version recorded")
        };
        assert_eq!(&*event, "schema 2 of \"till.received\" is newer than this program");
    }
    // What was done before is still known.
    let again = old.execute(till(1), asked(5, keyed(1))).await;
    assert_eq!(again, Ok(Done::Repeated { last, version }));
    read(&old, 2, 7).await;
    read(&new, 1, 4).await;
    assert_eq!(events_of(&deps, 1).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_waits_for_a_newer_instance_and_happens_once() {
    let deps = recording().await;
    let old = Aggregates::<Old>::new(&deps, Snapshots::none());
    let new = Aggregates::<New>::new(&deps, Snapshots::none());
    read(&new, 1, 3).await;
    let mut first = old.submit(till(1), asked(1, because_of(10))).await;
    let second = old.submit(till(1), asked(2, because_of(20))).await;
    assert!(tokio::time::timeout(A_WHILE, &mut first).await.is_err(), "it is not done here");
    // A client beside it is answered in time.
    let refused = old.execute(till(1), asked(1, plain())).await;
    assert!(matches!(refused, Err(ExecuteError::Newer(_))), "{refused:?}");
    for cause in [10, 20] {
        let done = new.execute(till(1), asked(1, because_of(cause))).await;
        assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    }
    for answer in [first, second] {
        let done = tokio::time::timeout(A_WHILE, answer).await.expect("it is known soon");
        assert_eq!(done.expect("an answer"), Ok(Done::AlreadyReacted));
    }
    assert_eq!(events_of(&deps, 1).await, 3);
}

/// Copies what till 1 receives to till 2.
struct Copies<E>(std::marker::PhantomData<fn() -> E>);

impl Reactor for Copies<OldEvent> {
    type Aggregate = Old;
    const NAME: &'static str = "copies";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<u32>>, Unfit> {
        if event.stream != till(1) {
            return Ok(None);
        }
        let OldEvent::Received { cents } = OldEvent::read(event)?;
        Ok(Some(Reaction { stream: till(2), command: *cents }))
    }
}

impl Reactor for Copies<NewEvent> {
    type Aggregate = New;
    const NAME: &'static str = "copies";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<u32>>, Unfit> {
        if event.stream != till(1) {
            return Ok(None);
        }
        let NewEvent::Received { cents, .. } = NewEvent::read(event)?;
        Ok(Some(Reaction { stream: till(2), command: *cents }))
    }
}

#[track_caller]
fn assert_stopped(progress: &Progress, position: u64) {
    let trouble = progress.trouble().expect("it cannot work");
    let stopped = format!("stopped before the event at position {position}: schema 2");
    assert!(trouble.contains(&stopped) && trouble.contains("Start the newer version"), "{trouble}");
    assert_eq!(progress.position(), Position(position - 1));
}

#[tokio::test(start_paused = true)]
async fn a_reactor_stops_in_front_of_it_and_a_newer_one_reacts_to_all() {
    let deps = recording().await;
    let old = Aggregates::<Old>::new(&deps, Snapshots::none());
    let new = Aggregates::<New>::new(&deps, Snapshots::none());
    read(&old, 1, 5).await;
    let stopped = deps.progress("old");
    reactor::spawn(
        &deps,
        old.clone(),
        Copies::<OldEvent>(std::marker::PhantomData),
        stopped.clone(),
    );
    stopped.wait_ready().await;
    read(&new, 1, 3).await;
    read(&old, 3, 1).await;
    tokio::time::sleep(A_WHILE).await;
    let events = deps.store().head().await;
    assert_eq!(events_of(&deps, 2).await, 1, "only what came before");
    assert_stopped(&stopped, 3);
    assert!(stopped.lag().events > 0, "{events}: it knows that it is behind");
    let progress = deps.progress("new");
    reactor::spawn(&deps, new, Copies::<NewEvent>(std::marker::PhantomData), progress.clone());
    progress.wait_for(deps.store().head().await, PATIENCE).await.expect("nothing stops it");
    assert_eq!(events_of(&deps, 2).await, 2, "each once");
}

const LETTERS: Schema = Schema {
    model: "letters",
    unmarked: &[],
    number: 1,
    variant: 0,
    create: "CREATE TABLE letter (position INTEGER)",
};

#[tokio::test(start_paused = true)]
async fn a_follower_has_no_effect_of_it_or_of_anything_after_it() {
    let deps = recording().await;
    let old = Aggregates::<Old>::new(&deps, Snapshots::none());
    let new = Aggregates::<New>::new(&deps, Snapshots::none());
    read(&old, 1, 5).await;
    read(&new, 1, 3).await;
    read(&old, 2, 1).await;
    let database = Database::open(Location::Memory("letters-newer".to_owned()), LETTERS);
    let database = database.expect("a database");
    // After a restart it stops in the same place.
    for _ in 0..2 {
        let sent: Arc<Mutex<Vec<Position>>> = Arc::default();
        let sending = Arc::clone(&sent);
        let send = move |event: &Recorded| {
            OldEvent::read(event)?;
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
        tokio::time::sleep(A_WHILE).await;
        assert_stopped(&progress, 2);
        assert!(sent.lock().expect("no holder panics").iter().all(|at| *at == Position(1)));
        assert_eq!(database.checkpoint().expect("a checkpoint"), Position(1));
        tasks.kill().await;
    }
}

/// An older instance, to which the third event is new.
fn older(event: &Recorded) -> Result<Option<Position>, Unfit> {
    match event.position.0 {
        3 => Err(Unfit::Newer("schema 2 of something".to_owned())),
        _ => Ok(Some(event.position)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_model_goes_to_an_instance_that_reads_it_and_the_older_one_follows() {
    let world = World::open().await;
    let old = world.start_with("old", older).await;
    for _ in 0..5 {
        world.record().await;
    }
    tokio::time::sleep(A_WHILE).await;
    assert_stopped(&old.progress, 3);
    assert_eq!(world.model.lock().expect("no holder panics").applied, [1, 2].map(Position));
    let new = world.start_with("new", |event| Ok(Some(event.position)));
    let new = tokio::time::timeout(MOVES, new).await.expect("it takes the lease and catches up");
    new.reaches(Position(5), MOVES).await;
    tokio::time::timeout(MOVES, old.progress.wait_ready()).await.expect("it can follow");
    let last = world.record().await;
    old.reaches(last, PATIENCE).await;
    world.assert_each_once();
    // Behind it, the older one can project again.
    new.tasks.kill().await;
    old.reaches(world.record().await, MOVES).await;
    world.assert_each_once();
}

#[tokio::test(start_paused = true)]
async fn events_that_say_nothing_to_a_subscriber_are_passed_over_and_counted() {
    let world = World::open().await;
    let choosy = |event: &Recorded| match event.position.0 {
        2 => Err(Unfit::Foreign("\"till.danced\" is not an event type of this family".to_owned())),
        _ => Ok(Some(event.position)),
    };
    let one = world.start_with("one", choosy).await;
    for _ in 0..3 {
        one.reaches(world.record().await, PATIENCE).await;
    }
    assert!(one.progress.is_ready());
    assert_eq!((one.progress.foreign(), one.progress.set_aside_count()), (1, 0));
    let model = world.model.lock().expect("no holder panics");
    assert_eq!((&*model.applied, model.checkpoint), (&[1, 3].map(Position)[..], Position(3)));
}

#[tokio::test(start_paused = true)]
async fn what_an_aggregate_cannot_read_is_counted_and_changes_nothing() {
    let deps = recording().await;
    let old = Aggregates::<Old>::new(&deps, Snapshots::none());
    read(&old, 1, 5).await;
    assert_eq!(deps.budget.skipped(), 0);
    crate::inbox::cents(&deps, 1, serde_json::json!("much")).await;
    read(&Aggregates::<Old>::new(&deps, Snapshots::none()), 1, 7).await;
    assert_eq!((deps.budget.skipped(), events_of(&deps, 1).await), (1, 3));
}
