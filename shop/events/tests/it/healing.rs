//! A failed write: the store heals its log in place and is ready again by itself, or ends its process.

use std::{path::Path, sync::Arc, time::Duration};

use eventlog::{
    Options,
    simdisk::{Chances, SimDisk},
};
use identity::{Auth, Verifier};
use kernel::{Ids, Position};
use runtime::event_store::Figures;
use runtime::{Tasks, clock::SystemClock};
use store::LogStore;
use store::Memory;
use web::{Service, ServiceDeps};

use store::conformance::samples::append;

pub(crate) fn deps() -> ServiceDeps {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(Ids::from_seed([2; 32])));
    let mut key = [0; 32];
    key[0] = 1;
    let verifier = Verifier::from_public_key(key).expect("a point of the curve");
    let auth = Auth::new(verifier, clock.clone());
    ServiceDeps::new(runtime::Deps {
        clock,
        ids,
        transport: Arc::new(Memory::new()),
        tasks: Tasks::inline(),
        traces: runtime::Traces::default(),
        budget: runtime::Budget::default(),
        schemas: runtime::Schemas::default(),
    })
    .authenticated_by(auth)
}

/// Serves a log on a disk; the service as its process sees it.
async fn serve(deps: &ServiceDeps, disk: &SimDisk) -> Service {
    let options = Options { segment_bytes: 1 << 20, ..Options::new([7; 16]) };
    let store = LogStore::open(Path::new("log"), Arc::new(disk.clone()), options);
    let LogStore { writer, reader, .. } = store.expect("a new log");
    let figures = Figures::default();
    runtime::event_store::serve(deps, writer, reader.clone(), figures.clone()).await;
    let beside = crate::beside(deps, testing::in_memory());
    events::service(deps, Arc::new(reader), &figures, None, beside).await.expect("an empty index")
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(5), wait).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_failed_heals_is_ready_by_itself_and_records_the_same_append() {
    let (deps, disk) = (deps(), SimDisk::new(1));
    let service = serve(&deps, &disk).await;
    let store = deps.store();
    let ready = || Service::ready(&service.followers).is_ok();
    store.append(append("order-1", None, &[1])).await;
    until("it is ready", ready).await;
    let sync = Chances { failed_sync: 1000, ..Chances::default() };
    let write = Chances { failed_write: 1000, ..Chances::default() };
    for (version, chances) in [(1, sync), (2, write)] {
        disk.set_chances(chances);
        let failing = async {
            until("it is not ready", || !ready()).await;
            disk.set_chances(Chances::default());
        };
        let next = append("order-1", Some(version - 1), &[u128::from(version) + 1]);
        tokio::join!(store.append(next), failing);
        until("it is ready again", ready).await;
        assert_eq!(store.head().await, Position(version + 1), "recorded once");
    }
    assert!(deps.tasks.shutdown().await && !deps.tasks.failed());
    disk.lose_unsynced();
    let options = Options { segment_bytes: 1 << 20, ..Options::new([7; 16]) };
    let log = LogStore::open(Path::new("log"), Arc::new(disk), options).expect("a whole log");
    assert_eq!(Position(log.writer.mark().position), Position(3), "nothing acknowledged is lost");
}

#[tokio::test(start_paused = true)]
async fn nobody_needs_to_write_for_a_full_disk_to_be_seen_as_emptied() {
    let (deps, disk) = (deps(), SimDisk::new(1));
    let service = serve(&deps, &disk).await;
    let ready = || Service::ready(&service.followers).is_ok();
    until("it is ready", ready).await;
    disk.set_capacity(Some(0));
    let store = deps.store();
    tokio::select! {
        biased;
        _ = store.append(append("order-1", None, &[1])) => panic!("recorded on a full disk"),
        () = until("it is not ready", || !ready()) => {}
    }
    // For long: a full disk is waited for, and not a reason to end.
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(!ready() && !deps.tasks.failed());
    let why = Service::ready(&service.followers).expect_err("a reason");
    assert!(why.contains("the disk is full"), "{why}");
    disk.set_capacity(None);
    until("it is ready again", ready).await;
    assert!(deps.tasks.shutdown().await);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_healed_ends_the_process() {
    let (deps, disk) = (deps(), SimDisk::new(1));
    let _service = serve(&deps, &disk).await;
    disk.set_chances(Chances { failed_sync: 1000, ..Chances::default() });
    let store = deps.store();
    tokio::select! {
        biased;
        _ = store.append(append("order-1", None, &[1])) => panic!("recorded without a sync"),
        () = deps.tasks.stopped() => {}
    }
    assert!(deps.tasks.failed(), "so that its supervisor starts it again");
}

#[tokio::test(start_paused = true)]
async fn the_store_is_ready_before_its_index_of_causes_is() {
    let (deps, disk) = (deps(), SimDisk::new(1));
    let store = LogStore::open(Path::new("log"), Arc::new(disk), Options::new([7; 16]));
    let LogStore { writer, reader, .. } = store.expect("a new log");
    let figures = Figures::default();
    runtime::event_store::serve(&deps, writer, reader.clone(), figures.clone()).await;
    // Its index asks over another bus, which leads nowhere.
    let apart = self::deps();
    let beside = crate::beside(&apart, testing::in_memory());
    let service = events::service(&apart, Arc::new(reader), &figures, None, beside).await;
    let service = service.expect("an empty index");
    until("it is ready", || Service::ready(&service.followers).is_ok()).await;
    deps.store().append(append("order-1", None, &[1])).await;
    assert!(Service::ready(&service.followers).is_ok(), "what is recorded can be read");
    assert!(deps.tasks.shutdown().await);
}
