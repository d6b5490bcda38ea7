//! The event store over MongoDB: several writers, lost servers, unknown results, bad settings.

mod faults;
mod settings;
mod writers;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use kernel::{Position, StreamId, Timestamp, Version};
use mongodb::{
    Client,
    bson::{Document, doc},
};
use servers::Mongodb;
use store::{Append, Read};
use store::{Reader as _, Writer as _};
use store_mongodb::{MongoOptions, MongoStore};

use store::conformance::samples::{append, commit, done, large, read_sound, rich};

/// A store of its own on the shared server.
pub(crate) async fn store() -> MongoStore {
    MongoStore::open(&fresh_url(), patient()).await.expect("an empty store")
}

/// What these tests are about has no deadline: on a busy machine everything takes its time.
pub(crate) fn patient() -> MongoOptions {
    MongoOptions { answer_max: Duration::from_mins(1), ..MongoOptions::default() }
}

/// The URL of a database of its own.
fn fresh_url() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let n = MADE.fetch_add(1, Ordering::Relaxed);
    let url = Mongodb::shared().url(&format!("events-test-{}-{n}", std::process::id()));
    format!("{url}&connectTimeoutMS=60000&serverSelectionTimeoutMS=60000")
}

#[tokio::test]
async fn mongodb_keeps_the_contract() {
    store::conformance::engine::suite(async || {
        let store = store().await;
        (store.writer, store.reader)
    })
    .await;
}

#[tokio::test]
async fn an_event_comes_back_to_the_byte() {
    let MongoStore { mut writer, reader } = store().await;
    let sent = [rich(1), store::conformance::samples::event(2, "{}")];
    let one = Append { events: sent.to_vec().into(), ..append("depot-1", None, &[]) };
    let now = Timestamp::from_micros(1_700_000_000_123_456);
    writer.commit(&[one], now).await.expect("recorded");
    for (event, sent) in read_sound(&reader).await.iter().zip(&sent) {
        assert_eq!((event.id, event.schema, event.time), (sent.id, sent.schema, now));
        assert_eq!(event.metadata, sent.metadata);
        assert_eq!(event.data.get(), sent.data.get());
    }
}

#[tokio::test]
async fn a_group_larger_than_a_transaction_is_recorded_in_several() {
    let MongoStore { mut writer, reader } = store().await;
    let group: Vec<Append> =
        (0..24_u32).map(|n| large(&format!("depot-{n}"), n.into(), 1_000_000)).collect();
    let commit = writer.commit(&group, Timestamp::from_micros(1)).await.expect("recorded");
    let expected: Vec<_> = (1..=24).map(|n| done(n, n, 0)).collect();
    assert_eq!(commit.answers, expected);
    assert_eq!(commit.recorded.len(), 24);
    let all = read_sound(&reader).await;
    assert!(all.iter().zip(&group).all(|(event, append)| {
        append.events.first().is_some_and(|sent| sent.data.get() == event.data.get())
    }));
}

#[tokio::test]
async fn pages_end_by_their_bytes() {
    let MongoStore { mut writer, reader } = store().await;
    let group: Vec<Append> =
        (0..5_u32).map(|n| large(&format!("depot-{n}"), n.into(), 500_000)).collect();
    writer.commit(&group, Timestamp::from_micros(1)).await.expect("recorded");
    let read = Read::All { from: Position(1), categories: vec!["depot".to_owned()] };
    let page = reader.read(&read).await.expect("a page");
    assert_eq!((page.events.len(), page.next, page.end), (2, Position(3), false));
}

/// Nothing that is ours leaves a gap; a hand in the database can.
#[tokio::test]
async fn a_page_ends_before_a_gap() {
    let url = fresh_url();
    let MongoStore { mut writer, reader } =
        MongoStore::open(&url, patient()).await.expect("a store");
    for n in 0..9_u32 {
        commit(&mut writer, &append("depot-1", n.checked_sub(1).map(u64::from), &[n.into()]))
            .await
            .expect("recorded");
    }
    let client = Client::with_uri_str(&url).await.expect("a client");
    let events = client.default_database().expect("named").collection::<Document>("events");
    events.delete_one(doc! { "position": 5_i64 }).await.expect("deleted");
    let all = Read::All { from: Position(1), categories: Vec::new() };
    let page = reader.read(&all).await.expect("a page");
    assert_eq!((page.events.len(), page.next, page.end), (4, Position(5), true));
    let beyond = Read::All { from: Position(5), categories: Vec::new() };
    let page = reader.read(&beyond).await.expect("a page");
    assert_eq!((page.events.len(), page.next), (0, Position(5)));
    let stream =
        Read::Stream { stream: StreamId::new("depot", 1).expect("a name"), from: Version(0) };
    let page = reader.read(&stream).await.expect("a page");
    assert_eq!((page.events.len(), page.next), (4, Position(4)));
}
