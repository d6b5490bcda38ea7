//! A subscriber that sleeps costs the shop no memory, and misses nothing. Alone in its process, whose memory it measures.

use std::{sync::Arc, time::Duration};

use identity::Auth;
use kernel::{Actor, EventType, Expected, Ids, Metadata, NewEvent, Position, StreamId, Version};
use runtime::event_store::Figures;
use runtime::{Subscription, Tasks, clock::SystemClock};
use store::LogStore;
use store::{Append, Appended, Memory};
use web::ServiceDeps;

const EVENTS: u64 = 1_000_000;
const BATCH: u64 = 1_000;
/// What the measured part may add: 20 MiB.
const GROWTH_BYTES_MAX: u64 = 20 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn asleep_for_a_million_events_a_subscriber_costs_no_memory_and_catches_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let deps = deps();
    let options = eventlog::Options::new([1; 16]);
    let store =
        LogStore::open(folder.path(), Arc::new(eventlog::OsFiles), options).expect("a new log");
    runtime::event_store::serve(&deps, store.writer, store.reader, Figures::default()).await;
    let mut sleeper = Subscription::open(&deps.store(), Position::START).await;
    let mut version = None;
    // Buffers, caches and the mailbox itself have their size once a tenth has passed.
    record(&deps, EVENTS / 10, &mut version).await;
    let before = resident_bytes();
    record(&deps, EVENTS, &mut version).await;
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the process has grown by {grown} bytes");
    let head = deps.store().head().await;
    let mut expected = Position(1);
    while sleeper.position() < head {
        for event in sleeper.next().await {
            assert_eq!(event.position, expected, "in order, without a gap");
            expected = expected.next();
        }
    }
    assert_eq!(head, Position(EVENTS + EVENTS / 10));
    assert!(deps.tasks.shutdown().await, "all tasks end by themselves");
}

fn deps() -> ServiceDeps {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(Ids::from_seed([2; 32])));
    let auth = Auth::new(customer::Secrets::derive(&[3; 32]).verifier(), clock.clone());
    ServiceDeps::new(runtime::Deps {
        clock,
        ids,
        transport: Arc::new(Memory::new()),
        tasks: Tasks::new(),
        traces: runtime::Traces::default(),
        budget: runtime::Budget::default(),
        schemas: runtime::Schemas::default(),
    })
    .authenticated_by(auth)
}

/// Appends events to one stream, a thousand at a time.
async fn record(deps: &ServiceDeps, count: u64, version: &mut Option<Version>) {
    let stream = StreamId::new("test", uuid::Uuid::nil()).expect("a name");
    for _ in 0..count / BATCH {
        let events: Vec<NewEvent> = (0..BATCH).map(|_| event(deps)).collect();
        let expected = Expected::after(*version);
        let append = Append { stream: stream.clone(), expected, events: events.into() };
        let answer =
            tokio::time::timeout(Duration::from_mins(1), deps.store().append(append)).await;
        let Ok(Appended::Recorded { .. }) = answer else { panic!("not recorded: {answer:?}") };
        *version = Some(Version(version.map_or(0, |version| version.0 + 1) + BATCH - 1));
    }
}

fn event(deps: &ServiceDeps) -> NewEvent {
    let now = deps.clock.now();
    NewEvent {
        id: deps.ids.event_id(now),
        kind: EventType::parse("test.happened").expect("a type"),
        schema: 1,
        metadata: Metadata::of(Actor::reactor("test"), deps.ids.uuid(now)),
        data: serde_json::value::RawValue::from_string(r#"{"what":"nothing much"}"#.to_owned())
            .expect("JSON"),
    }
}

/// Memory of this process that is in use.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    let page = u64::try_from(rustix::param::page_size()).expect("small");
    pages.expect("a number") * page
}
