//! An upgrade while the system runs: what instances of two versions record side by side, and when that changes for good.

use std::{sync::Arc, time::Duration};

use eventlog::simdisk::SimDisk;
use kernel::{Actor, Cause, Decider, Fields, Metadata, NewEvent, Position, StreamId, events};
use runtime::{
    Aggregate, Aggregates, CommandRequest, Deps, Done, EventStore, ExecuteError, Schemas, Tasks,
    snapshots::Snapshots,
    upgrade::{self, Ends, Finished, Others, Unfinished, Upgrade},
};
use store::{Address, Announcement, Message, Read};
use uuid::Uuid;

use crate::watched::serve;

/// Longer than an instance may be silent, and than a new one listens.
const A_WHILE: Duration = Duration::from_secs(12);

events! { TillEvent {
    Received { cents: u32, coins: u32 } = RECEIVED "till.received" @ 2 { from 1 => uncounted, to 1 => not_counting },
    Emptied { by: String } = EMPTIED "till.emptied" @ 2 { from 1 => by_someone },
} }

fn uncounted(received: &mut Fields) {
    received.insert("coins".to_owned(), 0.into());
}

fn not_counting(received: &mut Fields) {
    received.remove("coins");
}

fn by_someone(emptied: &mut Fields) {
    emptied.insert("by".to_owned(), "someone".into());
}

struct Till;

#[derive(Clone)]
enum Command {
    Receive(u32),
    Empty,
    /// Records how many coins there are in cents.
    Count,
}

impl Decider for Till {
    type State = u32;
    type Command = Command;
    type Event = TillEvent;
    type Rejection = ();

    fn decide(coins: &u32, command: &Command) -> Result<Vec<TillEvent>, ()> {
        Ok(vec![match command {
            Command::Receive(cents) => TillEvent::Received { cents: *cents, coins: 1 },
            Command::Count => TillEvent::Received { cents: *coins, coins: 0 },
            Command::Empty => TillEvent::Emptied { by: "ada".to_owned() },
        }])
    }

    fn evolve(coins: &mut u32, event: &TillEvent) {
        match event {
            TillEvent::Received { coins: more, .. } => *coins += more,
            TillEvent::Emptied { .. } => *coins = 0,
        }
    }
}

impl Aggregate for Till {
    const CATEGORY: &'static str = "till";
}

/// A system whose event store is served, and of which a process is of the version that the test is about.
async fn system() -> Deps {
    let deps = crate::deps();
    serve(&deps, &Arc::new(SimDisk::new(1))).await;
    deps
}

/// The surroundings of a new process of that system.
fn process(system: &Deps) -> Deps {
    let schemas = Schemas::of(TillEvent::TYPES.iter().copied());
    Deps { schemas, tasks: Tasks::inline(), ..system.clone() }
}

fn till(number: u32) -> StreamId {
    StreamId::new("till", number).expect("a name")
}

fn asked(command: Command) -> CommandRequest<Command> {
    CommandRequest { command, metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)) }
}

async fn schemas_of(store: &EventStore, number: u32) -> Vec<(u32, String)> {
    let events = store.read_stream(&till(number), None).await.expect("a stream");
    events.iter().map(|event| (event.schema, event.data.get().to_owned())).collect()
}

fn announcement(instance: &str, reads: &[(&str, u32)]) -> Message {
    let reads = reads.iter().map(|(kind, newest)| ((*kind).to_owned(), *newest)).collect();
    Message::Service(Arc::new(Announcement {
        name: "till".to_owned(),
        instance: instance.to_owned(),
        address: Address::Local,
        routes: Vec::new(),
        version: "0.1.0".to_owned(),
        ready: true,
        trouble: None,
        warnings: Vec::new(),
        slow: None,
        clock: None,
        model: None,
        lag: std::collections::BTreeMap::default(),
        set_aside: 0,
        throughput: 0.0,
        balances: Vec::new(),
        reads,
    }))
}

const ALL: [(&str, u32); 2] = [(TillEvent::RECEIVED, 2), (TillEvent::EMPTIED, 2)];

/// An instance that announces itself until the returned tasks are killed.
fn runs(system: &Deps, instance: &'static str, reads: &'static [(&str, u32)]) -> Tasks {
    let (tasks, transport) = (Tasks::inline(), Arc::clone(&system.transport));
    tasks.spawn("instance", async move {
        loop {
            transport.publish(announcement(instance, reads)).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    tasks
}

#[tokio::test(start_paused = true)]
async fn until_an_upgrade_is_finished_what_older_instances_read_is_recorded_and_nothing_else() {
    let system = system().await;
    let own = process(&system);
    let tills = Aggregates::<Till>::new(&own, Snapshots::none());
    // Not before it is known what is recorded.
    let early = tills.execute(till(1), asked(Command::Receive(5))).await;
    assert_eq!(early, Err(ExecuteError::Unavailable));
    upgrade::follow(&own);
    let done = tills.execute(till(1), asked(Command::Receive(5))).await;
    assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    // There is no step back for this one.
    let held = tills.execute(till(1), asked(Command::Empty)).await;
    let Err(ExecuteError::Held(event)) = held else { panic!("{held:?}") };
    assert_eq!(&*event, "schema 2 of \"till.emptied\"");
    let upgrade = Upgrade::new(&own, "0.2.0", Others::None, Ends::ByItself);
    let state = upgrade.finish(Actor::anonymous()).await.expect("nothing else runs");
    assert!(state.is_finished());
    for command in [Command::Receive(7), Command::Empty] {
        let done = tills.execute(till(1), asked(command)).await;
        assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    }
    let recorded = [
        (1, r#"{"cents":5}"#.to_owned()),
        (2, r#"{"cents":7,"coins":1}"#.to_owned()),
        (2, r#"{"by":"ada"}"#.to_owned()),
    ];
    let events = schemas_of(&system.store(), 1).await;
    // The early one was given up, and not recorded a second time.
    assert_eq!(events, recorded);
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_knows_what_it_recorded_as_if_it_had_read_it() {
    let system = system().await;
    let own = process(&system);
    upgrade::follow(&own);
    let tills = Aggregates::<Till>::new(&own, Snapshots::none());
    for command in [Command::Receive(5), Command::Count] {
        let done = tills.execute(till(1), asked(command)).await;
        assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    }
    let after_a_restart = Aggregates::<Till>::new(&own, Snapshots::none());
    let done = after_a_restart.execute(till(1), asked(Command::Count)).await;
    assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    let counted = schemas_of(&system.store(), 1).await.split_off(1);
    assert_eq!(counted, vec![(1, r#"{"cents":0}"#.to_owned()); 2], "both know as many coins");
}

#[tokio::test(start_paused = true)]
async fn a_reaction_that_is_held_waits_and_happens_once() {
    let system = system().await;
    let own = process(&system);
    upgrade::follow(&own);
    let tills = Aggregates::<Till>::new(&own, Snapshots::none());
    let cause = Cause { reactor: "tester".into(), position: Position(1) };
    let mut request = asked(Command::Empty);
    request.metadata.cause = Some(cause);
    let mut answer = tills.submit(till(1), request).await;
    assert!(tokio::time::timeout(A_WHILE, &mut answer).await.is_err(), "it waits");
    let upgrade = Upgrade::new(&own, "0.2.0", Others::None, Ends::ByItself);
    upgrade.finish(Actor::anonymous()).await.expect("nothing else runs");
    let done = tokio::time::timeout(A_WHILE, answer).await.expect("it is done").expect("an answer");
    assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
    assert_eq!(schemas_of(&system.store(), 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_ends_by_itself_once_no_older_instance_is_heard() {
    let system = system().await;
    let own = process(&system);
    upgrade::follow(&own);
    let upgrade = Upgrade::new(&own, "0.2.0", Others::OnTheBus, Ends::ByItself);
    let (_new, old) = (runs(&system, "new", &ALL), runs(&system, "old", &ALL[..1]));
    let listening = upgrade.finish(Actor::anonymous()).await;
    assert_eq!(listening, Err(Unfinished::Listening));
    upgrade.begin().await.expect("it begins");
    tokio::time::sleep(5 * A_WHILE).await;
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 1);
    let Err(Unfinished::Older(older)) = upgrade.finish(Actor::anonymous()).await else {
        panic!("an older instance runs")
    };
    assert_eq!(older.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["old"]);
    assert_eq!(
        Unfinished::Older(older).to_string(),
        "an instance is of an older version: till old (0.1.0)"
    );
    old.kill().await;
    // Silent for a moment is not gone.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 1);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 2);
    assert!(upgrade.state().await.is_finished());
    // One that starts later learns of it at once, and so does another event store.
    let late = process(&system);
    upgrade::follow(&late);
    late.schemas.known().await;
    assert_eq!(late.schemas.newest(TillEvent::EMPTIED), 2);
    let other = Upgrade::new(&process(&system), "0.3.0", Others::OnTheBus, Ends::ByItself);
    other.finish(Actor::anonymous()).await.expect("there is nothing to finish");
    let ends = system.store().read_stream(&upgrade::stream(), None).await.expect("a stream");
    assert_eq!(ends.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_store_that_was_cut_off_from_the_bus_takes_no_instance_for_gone() {
    let system = system().await;
    let own = process(&system);
    upgrade::follow(&own);
    let upgrade = Upgrade::new(&own, "0.2.0", Others::OnTheBus, Ends::ByItself);
    upgrade.begin().await.expect("it begins");
    let (new, old) = (runs(&system, "new", &ALL), runs(&system, "old", &[]));
    tokio::time::sleep(A_WHILE).await;
    new.kill().await;
    old.kill().await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(upgrade.finish(Actor::anonymous()).await, Err(Unfinished::Listening));
    // The bus is back, and the newer one is heard first.
    let _new = runs(&system, "new", &ALL);
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(upgrade.finish(Actor::anonymous()).await, Err(Unfinished::Listening));
    let _old = runs(&system, "old", &[]);
    tokio::time::sleep(A_WHILE).await;
    let older = upgrade.finish(Actor::anonymous()).await;
    assert!(matches!(older, Err(Unfinished::Older(_))), "{older:?}");
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_held_back_ends_only_on_request() {
    for others in [Others::None, Others::OnTheBus] {
        let system = system().await;
        let own = process(&system);
        upgrade::follow(&own);
        let _new = runs(&system, "new", &ALL);
        let held = Upgrade::new(&own, "0.2.0", others, Ends::OnRequest);
        held.begin().await.expect("it begins");
        tokio::time::sleep(2 * A_WHILE).await;
        assert!(held.is_held() && !held.state().await.is_finished());
        assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 1);
        held.finish(Actor::anonymous()).await.expect("all are of the newer version");
        assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 2);
        // By itself it ends at once where nothing else runs.
        let next = process(&system);
        Finished::of(&system.store().read(upgrade::last()).await)
            .apply(&next)
            .expect("it reads all");
        assert!(next.schemas.records_all());
    }
}

#[tokio::test(start_paused = true)]
async fn two_event_stores_that_finish_at_once_record_one_end() {
    let system = system().await;
    let (one, other) = (process(&system), process(&system));
    let first = Upgrade::new(&one, "0.2.0", Others::None, Ends::ByItself);
    let second = Upgrade::new(&other, "0.2.0", Others::None, Ends::ByItself);
    let (first, second) =
        tokio::join!(first.finish(Actor::anonymous()), second.finish(Actor::anonymous()));
    assert!(first.expect("it is finished") == second.expect("it is finished"));
    let ends = system.store().read_stream(&upgrade::stream(), None).await.expect("a stream");
    assert_eq!(ends.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_read_what_the_log_holds_says_so_and_ends() {
    let system = system().await;
    let new = process(&system);
    let upgrade = Upgrade::new(&new, "0.2.0", Others::None, Ends::ByItself);
    upgrade.finish(Actor::anonymous()).await.expect("nothing else runs");
    let page = system.store().read(upgrade::last()).await;
    let types = [(TillEvent::RECEIVED, 2), (TillEvent::EMPTIED, 1)];
    let old = Deps { schemas: Schemas::of(types), tasks: Tasks::inline(), ..system.clone() };
    let refused = Finished::of(&page).apply(&old).expect_err("it reads less");
    assert_eq!(
        refused.to_string(),
        "this log holds till.emptied of schema 2, and this program reads it up to schema 1: start version 0.2.0 or newer"
    );
    upgrade::follow(&old);
    old.tasks.stopped().await;
    assert!(old.tasks.failed());
    // One that reads more than is recorded starts, and waits for its turn.
    let types = [(TillEvent::RECEIVED, 3), (TillEvent::EMPTIED, 2)];
    let newer = Deps { schemas: Schemas::of(types), tasks: Tasks::inline(), ..system.clone() };
    Finished::of(&page).apply(&newer).expect("it reads all");
    assert_eq!(newer.schemas.newest(TillEvent::RECEIVED), 2);
    assert!(!newer.schemas.records_all());
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_read_means_what_every_version_reads() {
    let system = system().await;
    let event = NewEvent {
        id: system.ids.event_id(system.clock.now()),
        kind: kernel::EventType::parse("upgrade.finished").expect("a type"),
        schema: 1,
        metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
        data: serde_json::value::to_raw_value(&serde_json::json!({ "schemas": 7 })).expect("JSON"),
    };
    let expected = kernel::Expected::None;
    let append = store::Append { stream: upgrade::stream(), expected, events: [event].into() };
    system.store().append(append).await;
    let own = process(&system);
    let page = system.store().read(Read::Last { stream: upgrade::stream() }).await;
    Finished::of(&page).apply(&own).expect("nothing is known to be too new");
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 1);
    let upgrade = Upgrade::new(&own, "0.2.0", Others::None, Ends::ByItself);
    upgrade.finish(Actor::anonymous()).await.expect("it is recorded behind it");
    assert_eq!(own.schemas.newest(TillEvent::RECEIVED), 2);
}
