//! Benchmarks of followers far behind: one and four subscriptions, and a reactor, through a log of many events; and cold loads of a
//! stream with a long history.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench measures and prints"
)]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use eventlog::{Options, OsFiles};
use futures_util::future::join_all;
use kernel::{
    Actor, Cause, Decider, Event as _, EventId, EventType, Expected, Ids, Metadata, NewEvent,
    Position, Recorded, StreamId, Timestamp, Version, events,
};
use runtime::{
    Aggregate, Aggregates, Budget, CommandRequest, Deps, Reaction, Reactor, Subscription, Tasks,
    Traces, Unfit,
    clock::SystemClock,
    event_store::{self, Figures},
    reactor,
    snapshots::Snapshots,
    sqlite::Location,
};
use serde_json::Value;
use store::{Append, LogStore, Memory, Writer as _};
use uuid::Uuid;

const EVENTS: u64 = 500_000;
const GROUP: usize = 500;
/// Events of the long stream, and commands to it that load it first.
const HISTORY: u64 = 100_000;
const COLD: u64 = 1000;

events! { TillEvent { Received { cents: u32 } = "till.received" @ 1 } }
events! { SaleEvent {
    Begun { till: u64, cents: u32 } = "sale.begun" @ 1,
    Weighed { grams: u32, scales: String } = "sale.weighed" @ 1,
} }

struct Till;

impl Decider for Till {
    type State = u32;
    type Command = u32;
    type Event = TillEvent;
    type Rejection = ();

    fn decide(_: &u32, cents: &u32) -> Result<Vec<TillEvent>, ()> {
        Ok(if *cents == 0 { Vec::new() } else { vec![TillEvent::Received { cents: *cents }] })
    }

    fn evolve(held: &mut u32, event: &TillEvent) {
        let TillEvent::Received { cents } = event;
        *held += cents;
    }
}

impl Aggregate for Till {
    const CATEGORY: &'static str = "till";
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(held: &u32) -> Option<Value> {
        Some((*held).into())
    }

    fn restore(snapshot: Value) -> Option<u32> {
        snapshot.as_u64().and_then(|held| held.try_into().ok())
    }

    fn heap_bytes(_: &u32) -> Option<usize> {
        Some(0)
    }
}

/// Reacts to every tenth event, by a command that finds nothing to do: each is confirmed by a read at the writer.
struct SaleReactor;

impl Reactor for SaleReactor {
    type Aggregate = Till;
    const NAME: &'static str = "tills";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<u32>>, Unfit> {
        if event.stream.category() != "sale" {
            return Ok(None);
        }
        let SaleEvent::Begun { till, cents } = SaleEvent::read(event)? else { return Ok(None) };
        Ok(Some(Reaction { stream: StreamId::new("till", till).unwrap(), command: *cents }))
    }
}

/// Streams of one event each; every tenth event begins a sale at one of 1,000 tills.
fn appends(first: u64) -> Vec<Append> {
    let event = |number: u64| -> (StreamId, NewEvent) {
        let (stream, kind, schema, data) = if number.is_multiple_of(10) {
            let begun = SaleEvent::Begun { till: number / 10 % 1000, cents: 0 };
            (StreamId::new("sale", number).unwrap(), begun.kind(), begun.schema(), begun.encode())
        } else {
            let scales = "the scales beside the door".to_owned();
            let weighed = SaleEvent::Weighed { grams: 100, scales };
            let stream = StreamId::new("sale", number).unwrap();
            (stream, weighed.kind(), weighed.schema(), weighed.encode())
        };
        let metadata = Metadata::of(Actor::of("teller", "4").unwrap(), Uuid::from_u128(2));
        let (id, kind) = (EventId(Uuid::from_u128(number.into())), EventType::parse(kind).unwrap());
        (stream, NewEvent { id, kind, schema, metadata, data })
    };
    let group = (first..).take(GROUP).map(event);
    let of = |(stream, event)| Append { stream, expected: Expected::None, events: [event].into() };
    group.map(of).collect()
}

async fn system(dir: &Path, tasks: &Tasks) -> Deps {
    let deps = Deps {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::from_seed([7; 32])),
        transport: Arc::new(Memory::new()),
        tasks: tasks.clone(),
        traces: Traces::default(),
        budget: Budget::default(),
        schemas: runtime::Schemas::default(),
    };
    let log = LogStore::open(dir, Arc::new(OsFiles), Options::new([7; 16])).unwrap();
    let LogStore { mut writer, reader, .. } = log;
    if writer.mark().position == 0 {
        for first in (1..=EVENTS).step_by(GROUP) {
            writer.commit(&appends(first), Timestamp::from_micros(1)).await.unwrap();
        }
    }
    event_store::serve(&deps, writer, reader, Figures::default()).await;
    deps
}

async fn follow(deps: &Deps) {
    let mut subscription = Subscription::open(&deps.store(), Position::START).await;
    while subscription.position() < Position(EVENTS) {
        subscription.next().await;
    }
}

/// Runs work on a store of its own, so that nothing is kept from before; only what the command's argument names, if there is one.
async fn measured(name: &str, dir: &Path, count: u64, work: impl AsyncFnOnce(&Deps)) {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let tasks = Tasks::new();
    let deps = system(dir, &tasks).await;
    let started = Instant::now();
    work(&deps).await;
    let took = started.elapsed();
    println!("{name}: {:.0}/s ({:.2} s)", count as f64 / took.as_secs_f64(), took.as_secs_f64());
    drop(deps);
    assert!(tasks.shutdown().await);
}

async fn react(deps: &Deps) {
    let progress = deps.progress("tills");
    let snapshots = Snapshots::open(&Location::Memory("tills".to_owned())).unwrap();
    let tills = Aggregates::<Till>::new(deps, snapshots);
    reactor::spawn(deps, tills, SaleReactor, progress.clone());
    progress.reach(Position(EVENTS), Duration::from_mins(10)).await.unwrap();
}

/// A till with a long history: loaded once, from its events and then from the snapshot that eviction left.
async fn load(deps: &Deps) {
    let cramped = Deps { budget: Budget::of(0), ..deps.clone() };
    let location = Location::Memory("cold".to_owned());
    let tills = Aggregates::<Till>::new(&cramped, Snapshots::open(&location).unwrap());
    let stream = StreamId::new("till", "long").unwrap();
    let request = |position: u64| {
        let cause = Cause { reactor: "bench".into(), position: Position(position) };
        let plain = Metadata::of(Actor::anonymous(), Uuid::from_u128(2));
        CommandRequest { command: 1, metadata: Metadata { cause: Some(cause), ..plain } }
    };
    let mut answers = Vec::new();
    for position in 1..=HISTORY {
        answers.push(tills.submit(stream.clone(), request(position)).await);
    }
    join_all(answers).await;
    let started = Instant::now();
    for position in 1..=COLD {
        tills.submit(stream.clone(), request(HISTORY + position)).await.await.unwrap().unwrap();
    }
    let each = started.elapsed() / 1000;
    let last = deps.store().last(&stream).await.unwrap();
    assert_eq!(last.version, Version(HISTORY + COLD - 1));
    println!("one command, after a cold load of a stream of {HISTORY} events each time: {each:?}");
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let dir = folder.path().join("log");
    measured("recorded, and opened", &dir, EVENTS, async |_| {}).await;
    measured("one follower", &dir, EVENTS, follow).await;
    measured("four followers, each", &dir, EVENTS, async |deps| {
        tokio::join!(follow(deps), follow(deps), follow(deps), follow(deps));
    })
    .await;
    measured("a reactor, one event in ten a command without effect", &dir, EVENTS, react).await;
    measured("commands to a long stream", &dir, HISTORY + COLD, load).await;
}
