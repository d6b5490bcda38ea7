//! Streams leave memory by bytes and last use, and continue as if they had never left.

use std::{sync::Arc, time::Duration};

use eventlog::simdisk::SimDisk;
use futures_util::future::join_all;
use kernel::{Actor, Cause, Decider, Idempotency, Metadata, Position, StreamId, Version, events};
use runtime::{
    Aggregate, Aggregates, Budget, CommandRequest, Deps, Done, ExecuteError, snapshots::Snapshots,
    sqlite::Location,
};
use serde_json::Value;
use uuid::Uuid;

use crate::watched::{Watched, serve};

events! { TillEvent { Received { cents: u32, held: u32 } = "till.received" @ 1 } }

struct Till;

#[derive(Debug, PartialEq)]
struct Full;

impl Decider for Till {
    type State = u32;
    type Command = u32;
    type Event = TillEvent;
    type Rejection = Arc<Full>;

    fn decide(held: &u32, cents: &u32) -> Result<Vec<TillEvent>, Arc<Full>> {
        match cents {
            0 => Ok(Vec::new()),
            1_000_000.. => Err(Arc::new(Full)),
            _ => Ok(vec![TillEvent::Received { cents: *cents, held: held + cents }]),
        }
    }

    fn evolve(held: &mut u32, event: &TillEvent) {
        let TillEvent::Received { cents, .. } = event;
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

/// A process with so many bytes for streams at rest.
struct Process {
    deps: Deps,
    tills: Aggregates<Till>,
    reads: Watched,
}

impl Process {
    async fn with(streams: usize, name: &str) -> Self {
        let deps = Deps { budget: Budget::of(4 * streams), ..crate::deps() };
        let (reads, _) = serve(&deps, &Arc::new(SimDisk::new(1))).await;
        let snapshots = Snapshots::open(&Location::Memory(name.to_owned())).expect("a database");
        let tills = Aggregates::new(&deps, snapshots);
        Self { deps, tills, reads }
    }

    async fn pay(&self, till: u32, cents: u32) -> Result<Done, ExecuteError<Arc<Full>>> {
        self.tills.execute(stream(till), CommandRequest { command: cents, metadata: plain() }).await
    }

    /// What the stream's last event says.
    async fn held(&self, till: u32) -> u32 {
        let last = self.deps.store().last(&stream(till)).await.expect("an event");
        let TillEvent::Received { held, .. } = TillEvent::read(&last).expect("ours");
        *held
    }
}

fn stream(till: u32) -> StreamId {
    StreamId::new("till", till).expect("a name")
}

fn plain() -> Metadata {
    Metadata::of(Actor::anonymous(), Uuid::from_u128(2))
}

fn because_of(position: u64) -> Metadata {
    let cause = Cause { reactor: "tester".into(), position: Position(position) };
    Metadata { cause: Some(cause), ..plain() }
}

fn keyed(key: u128, request: u128) -> Metadata {
    let (key, request) = (Uuid::from_u128(key), Uuid::from_u128(request));
    let key = Idempotency { key, request, creates: false, as_sent: None };
    Metadata { idempotency: Some(key), ..plain() }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_left_memory_continues_with_the_same_state_marks_and_keys() {
    // Nothing fits: each stream leaves as soon as no command waits for it.
    let process = Process::with(0, "evicting-continues").await;
    let tills = &process.tills;
    for round in 1..=30_u32 {
        for till in 1..=3 {
            let position = u64::from(round) * 10;
            let reaction = CommandRequest { command: till, metadata: because_of(position) };
            let done = tills.execute(stream(till), reaction.clone()).await;
            assert!(matches!(done, Ok(Done::Recorded { .. })), "{done:?}");
            let request = CommandRequest { command: till, metadata: keyed(round.into(), 7) };
            let first = tills.execute(stream(till), request.clone()).await.expect("recorded");
            assert_eq!(tills.execute(stream(till), reaction).await, Ok(Done::AlreadyReacted));
            let Done::Recorded { last, version, .. } = first else { panic!("{first:?}") };
            let again = tills.execute(stream(till), request).await;
            assert_eq!(again, Ok(Done::Repeated { last, version }));
            let other = CommandRequest { command: till, metadata: keyed(round.into(), 8) };
            assert_eq!(tills.execute(stream(till), other).await, Err(ExecuteError::KeyReused));
            assert_eq!(process.held(till).await, till * round * 2);
            assert_eq!(version, Version(u64::from(round) * 2 - 1));
        }
    }
    assert_eq!(process.deps.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cold_load_reads_a_few_events_whatever_the_history() {
    let process = Process::with(0, "evicting-cold").await;
    for _ in 0..500 {
        process.pay(1, 1).await.expect("recorded");
        process.pay(2, 1).await.expect("recorded");
    }
    let reads = process.reads.stream_reads();
    assert_eq!((process.held(1).await, process.held(2).await), (500, 500));
    let most = reads.iter().max().copied().unwrap_or_default();
    assert!(most <= 5, "a load read {most} events");
}

#[tokio::test(start_paused = true)]
async fn streams_at_rest_stay_within_the_budget_and_the_least_used_leave_first() {
    const TILLS: u32 = 10_000;
    let process = Process::with(300_000, "evicting-budget").await;
    let budget = &process.deps.budget;
    for first in (1..=TILLS).step_by(500) {
        let paid = join_all((first..first + 500).map(|till| process.pay(till, 5))).await;
        assert!(paid.iter().all(Result::is_ok), "{first}");
        // Used all along.
        process.pay(1, 1).await.expect("recorded");
        assert!(budget.used() <= budget.streams(), "{budget:?}");
    }
    assert!(budget.used() > budget.streams() / 2, "{budget:?}");
    process.reads.stream_reads();
    process.pay(1, 1).await.expect("recorded");
    process.pay(TILLS, 1).await.expect("recorded");
    assert!(process.reads.stream_reads().is_empty(), "both are in memory");
    process.pay(2, 1).await.expect("recorded");
    assert_eq!(process.reads.stream_reads(), [1], "this one had left");
    assert_eq!(process.held(1).await, 5 + TILLS / 500 + 1);
    assert_eq!(process.held(2).await, 6);
}

#[tokio::test(start_paused = true)]
async fn no_stream_leaves_by_the_clock() {
    let process = Process::with(1 << 20, "evicting-clock").await;
    process.pay(1, 1).await.expect("recorded");
    let used = process.deps.budget.used();
    assert!(used > 0);
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert_eq!(process.deps.budget.used(), used);
    process.reads.stream_reads();
    process.pay(1, 1).await.expect("recorded");
    assert!(process.reads.stream_reads().is_empty());
}

#[tokio::test(start_paused = true)]
async fn kinds_share_one_budget_and_give_it_back() {
    let process = Process::with(1 << 20, "evicting-kinds").await;
    let budget = &process.deps.budget;
    process.pay(1, 1).await.expect("recorded");
    let first = budget.used();
    let others = Aggregates::<Till>::new(&process.deps, Snapshots::none());
    let request = CommandRequest { command: 1, metadata: plain() };
    others.execute(stream(20), request).await.expect("recorded");
    assert!(budget.used() > first);
    drop(others);
    tokio::task::yield_now().await;
    assert_eq!(budget.used(), first);
}

#[tokio::test(start_paused = true)]
async fn commands_of_one_caller_are_decided_in_order_whether_the_stream_rests_or_not() {
    let process = Process::with(0, "evicting-order").await;
    let mut answers = Vec::new();
    for number in 0..2_000_u32 {
        let request = CommandRequest { command: 1, metadata: because_of(u64::from(number) + 1) };
        answers.push(process.tills.submit(stream(1), request).await);
        if number % 97 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let mut versions = Vec::new();
    for answer in join_all(answers).await {
        let Ok(Ok(Done::Recorded { version, .. })) = answer else { panic!("{answer:?}") };
        versions.push(version.0);
    }
    assert!(versions.iter().copied().eq(0..2_000), "{versions:?}");
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_is_confirmed_while_all_reads_from_disk_wait() {
    let process = Process::with(1 << 20, "evicting-confirmed").await;
    process.pay(1, 1).await.expect("recorded");
    process.reads.hold(true, true);
    assert_eq!(process.pay(1, 0).await, Ok(Done::Nothing));
    let rejected = process.pay(1, 1_000_000).await;
    assert_eq!(rejected, Err(ExecuteError::Rejected(Arc::new(Full))));
}
