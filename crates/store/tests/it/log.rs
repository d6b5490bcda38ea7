//! The event store over our own log.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use store::LogStore;

#[tokio::test]
async fn the_own_log_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = AtomicU32::new(0);
    store::conformance::engine::suite(async || {
        let n = made.fetch_add(1, Ordering::Relaxed);
        let options =
            eventlog::Options { segment_bytes: 1 << 20, ..eventlog::Options::new([7; 16]) };
        let store = LogStore::open(
            &folder.path().join(n.to_string()),
            Arc::new(eventlog::OsFiles),
            options,
        );
        let store = store.expect("a new log");
        (store.writer, store.reader)
    })
    .await;
}
