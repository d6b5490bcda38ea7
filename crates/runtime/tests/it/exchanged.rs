//! Another log under the same subscribers: the store that serves it makes them check, and they end their process.

use std::{path::Path, sync::Arc, time::Duration};

use eventlog::{Known, Lost, OpenError, Options, OsFiles, simdisk::SimDisk};
use kernel::Position;
use runtime::event_store::Figures;
use runtime::{Deps, Subscription, Tasks};
use store::LogStore;

use store::conformance::samples::append;

use crate::deps;

const PATIENCE: Duration = Duration::from_mins(1);

/// Serves a new log on a disk of its own, with an event for each of `ids`, until its tasks are killed.
async fn serve(deps: &Deps, ids: &[u128]) -> Tasks {
    let tasks = Tasks::inline();
    let options = Options { segment_bytes: 1 << 20, ..Options::new([7; 16]) };
    let store = LogStore::open(Path::new("log"), Arc::new(SimDisk::new(1)), options);
    let LogStore { writer, reader, .. } = store.expect("a new log");
    let own = Deps { tasks: tasks.clone(), ..deps.clone() };
    runtime::event_store::serve(&own, writer, reader, Figures::default()).await;
    for id in ids {
        deps.store().append(append(&format!("depot-{id}"), None, &[*id])).await;
    }
    tasks
}

#[tokio::test(start_paused = true)]
async fn a_store_with_another_log_of_the_same_length_ends_those_who_followed_the_first() {
    let deps = deps();
    let first = serve(&deps, &[1, 2, 3]).await;
    let mut subscription = Subscription::open(&deps.store(), Position::START).await;
    while subscription.position() < Position(3) {
        subscription.next().await;
    }
    first.kill().await;
    serve(&deps, &[1, 2, 4]).await;
    tokio::select! {
        biased;
        events = subscription.next() => panic!("{} events of another log", events.len()),
        ended = tokio::time::timeout(PATIENCE, deps.tasks.stopped()) => ended.expect("it ends"),
    }
    assert!(deps.tasks.failed());
}

#[tokio::test(start_paused = true)]
async fn the_same_log_served_again_goes_on() {
    let deps = deps();
    let first = serve(&deps, &[1, 2, 3]).await;
    let mut subscription = Subscription::open(&deps.store(), Position::START).await;
    while subscription.position() < Position(3) {
        subscription.next().await;
    }
    first.kill().await;
    // The ids are what counts: a copy is as good.
    serve(&deps, &[1, 2, 3, 4]).await;
    let events = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("it goes on");
    assert_eq!(events.last().map(|event| event.position), Some(Position(4)));
    assert!(!deps.tasks.failed());
}

#[test]
fn a_store_opened_with_what_is_known_refuses_a_folder_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("log");
    let known = Known { position: 9, ..Known::default() };
    let options = Options { known: Some(known), ..Options::new([7; 16]) };
    let opened = LogStore::open(&dir, Arc::new(OsFiles), options);
    assert!(matches!(opened.err(), Some(OpenError::Lost(Lost::Gone { position: 9 }))));
    assert!(!dir.exists());
    let accepted = Options { accept_loss: true, ..options };
    let store = LogStore::open(&dir, Arc::new(OsFiles), accepted).expect("a new log");
    assert_eq!(store.report.lost, Some(Lost::Gone { position: 9 }));
}
