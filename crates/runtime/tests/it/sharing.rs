//! Reads do not block each other, and followers that lag share what they read.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use eventlog::simdisk::SimDisk;
use kernel::{Position, Recorded, StreamId, Version};
use runtime::{Budget, Deps, Subscription};
use store::{Page, Read, conformance::samples::append};
use tokio::time::timeout;

use crate::watched::serve;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many events there are, in appends of at most 500.
async fn record(deps: &Deps, events: u128) {
    for first in (1..=events).step_by(500) {
        let ids: Vec<u128> = (first..=events.min(first + 499)).collect();
        deps.store().append(append(&format!("depot-{first}"), None, &ids)).await;
    }
}

/// All events after a checkpoint, as a follower hears them.
async fn follow(deps: &Deps, checkpoint: u64, until: u64) -> Vec<Arc<Recorded>> {
    let mut subscription = Subscription::open(&deps.store(), Position(checkpoint)).await;
    let mut heard = Vec::new();
    while subscription.position() < Position(until) {
        heard.extend(timeout(PATIENCE, subscription.next()).await.expect("it goes on"));
    }
    let positions = heard.iter().map(|event| event.position.0);
    assert!(positions.eq(checkpoint + 1..=until), "without gap or repeat");
    heard
}

fn stream(name: &str) -> Read {
    Read::Stream { stream: StreamId::parse(name).expect("a name"), from: Version(0) }
}

#[tokio::test(start_paused = true)]
async fn a_slow_read_of_the_log_does_not_delay_one_of_a_stream() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (_, first) = serve(&deps, &disk).await;
    record(&deps, 100).await;
    first.kill().await;
    // Nothing is kept from recording.
    let (reads, _) = serve(&deps, &disk).await;
    reads.hold(true, false);
    let store = deps.store();
    let everything = Read::All { from: Position(1), categories: Vec::new() };
    let mut slow = Box::pin(deps.transport.read(everything, PATIENCE * 2));
    for _ in 0..20 {
        tokio::select! {
            biased;
            page = &mut slow => panic!("not before it is released: {page:?}"),
            page = timeout(PATIENCE, store.read(stream("depot-1"))) => {
                assert_eq!(page.expect("it is answered").events.len(), 100);
            }
        }
    }
    reads.release();
    assert_eq!(slow.await.expect("it is answered").events.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn what_memory_can_answer_waits_for_no_disk() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (reads, _) = serve(&deps, &disk).await;
    record(&deps, 100).await;
    reads.hold(true, true);
    let store = deps.store();
    // So many that each thread has one, and others wait.
    let stuck: Vec<_> = (0..50)
        .map(|_| {
            let transport = Arc::clone(&deps.transport);
            async move { transport.read(stream("depot-1"), PATIENCE * 2).await }
        })
        .collect();
    let stuck = futures_util::future::join_all(stuck);
    let answered = async {
        let beyond = Read::Stream {
            stream: StreamId::parse("depot-1").expect("a name"),
            from: Version(100),
        };
        let page = store.read(beyond).await;
        assert!(page.events.is_empty() && page.end);
        assert_eq!(store.head().await, Position(100));
        let unknown = Read::Last { stream: StreamId::parse("depot-none").expect("a name") };
        assert!(store.read(unknown).await.events.is_empty());
    };
    tokio::select! {
        biased;
        _ = stuck => panic!("they are held"),
        () = answered => {}
        () = tokio::time::sleep(PATIENCE) => panic!("not answered"),
    }
}

#[tokio::test(start_paused = true)]
async fn followers_that_lag_cause_one_read_of_each_page() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (_, first) = serve(&deps, &disk).await;
    record(&deps, 20_250).await;
    first.kill().await;
    let (reads, _) = serve(&deps, &disk).await;
    let begun = tokio::time::Instant::now();
    let (left, right, third) = tokio::join!(
        follow(&deps, 0, 20_250),
        follow(&deps, 0, 20_250),
        follow(&deps, 700, 20_250)
    );
    assert_eq!(begun.elapsed(), Duration::ZERO, "none waited to be told where the log ends");
    let once: BTreeSet<_> = left.iter().map(Arc::as_ptr).collect();
    assert_eq!(once.len(), 20_250);
    // The last page is not full, and not kept.
    let shared = right.iter().chain(&third).filter(|event| once.contains(&Arc::as_ptr(event)));
    assert!(shared.count() >= 2 * 20_000 - 700, "they share events, parsed once");
    // Each page once, and for each follower the page on which the log ends, with what it recognises the log by.
    let pages = 20_250 / Page::EVENTS_MAX;
    assert!(reads.pages() <= pages + 2 + 3 * 2, "{} reads", reads.pages());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_remembers_nothing_still_says_where_the_log_ends() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (_, first) = serve(&deps, &disk).await;
    record(&deps, 10).await;
    first.kill().await;
    let (reads, _) = serve(&deps, &disk).await;
    reads.forget();
    let store = deps.store();
    for last in [10, 11] {
        assert_eq!(store.head().await, Position(last));
        for from in [last + 1, last + 100, u64::MAX].map(Position) {
            let page = store.read(Read::All { from, categories: Vec::new() }).await;
            assert!(page.events.is_empty() && page.end, "from {from}: {page:?}");
            assert_eq!(page.head, Position(last), "from {from}");
        }
        follow(&deps, 0, last).await;
        store.append(append("depot-more", None, &[99])).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_from_memory_that_is_no_longer_in_the_log() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (reads, _) = serve(&deps, &disk).await;
    record(&deps, 2_600).await;
    follow(&deps, 0, 2_600).await;
    // An earlier state of the same log.
    let (other, backup) = (crate::deps(), Arc::new(SimDisk::new(2)));
    let (earlier, _) = serve(&other, &backup).await;
    record(&other, 1_100).await;
    reads.replace(&earlier.log());
    // The end of the log is looked at every second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for from in [1, 1_050, 2_000] {
        let read = Read::All { from: Position(from), categories: Vec::new() };
        let page = deps.store().read(read).await;
        let last = page.events.last().map(|event| event.position.0);
        let expected = (from <= 1_100).then(|| 1_100.min(from + 999));
        assert_eq!((page.head, last), (Position(1_100), expected), "from {from}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_just_recorded_is_not_read_at_all() {
    let (deps, disk) = (crate::deps(), Arc::new(SimDisk::new(1)));
    let (reads, _) = serve(&deps, &disk).await;
    record(&deps, 2_600).await;
    // The store itself has looked at the end of the log.
    let before = reads.pages();
    let begun = tokio::time::Instant::now();
    for checkpoint in [0, 1, 999, 2_000, 2_599] {
        follow(&deps, checkpoint, 2_600).await;
    }
    assert_eq!(begun.elapsed(), Duration::ZERO, "none waited to be told where the log ends");
    assert_eq!(reads.pages(), before);
}

#[tokio::test(start_paused = true)]
async fn however_little_is_kept_followers_hear_everything() {
    for memory in [0, 40_000, 1 << 20, 8 << 20] {
        let deps = Deps { budget: Budget::of(memory), ..crate::deps() };
        let disk = Arc::new(SimDisk::new(1));
        let (_, first) = serve(&deps, &disk).await;
        record(&deps, 3_000).await;
        first.kill().await;
        let (_, second) = serve(&deps, &disk).await;
        let more = async {
            for id in 3_001..=3_400_u128 {
                deps.store().append(append(&format!("depot-{id}"), None, &[id])).await;
            }
        };
        tokio::join!(
            more,
            follow(&deps, 0, 3_400),
            follow(&deps, 1_500, 3_400),
            follow(&deps, 2_999, 3_400),
        );
        follow(&deps, 17, 3_400).await;
        second.kill().await;
    }
}
