//! More than one writer at once or in turn, and readers beside them.

use std::collections::BTreeMap;

use kernel::{EventId, Position, Timestamp, Version};
use mongodb::{
    Client,
    bson::{Document, doc},
};
use store::{Append, Appended, Read};
use store::{Reader as _, Writer};
use store_mongodb::MongoStore;

use super::{fresh_url, patient, store};
use store::conformance::samples::{append, commit, done, read_sound};

/// An old writer wakes up after its successor has worked.
#[tokio::test]
async fn a_stale_writer_acknowledges_nothing_wrong() {
    let url = fresh_url();
    let mut old = MongoStore::open(&url, patient()).await.expect("a store").writer;
    let MongoStore { writer: mut new, reader } =
        MongoStore::open(&url, patient()).await.expect("a store");
    let first = append("depot-1", None, &[1]);
    assert_eq!(commit(&mut old, &first).await.expect("works"), done(1, 1, 0));
    let second = append("depot-1", Some(0), &[2]);
    assert_eq!(commit(&mut new, &second).await.expect("works"), done(2, 2, 1));

    // Its memory says version 0, and would call these wrong, or right: the store says otherwise.
    let repeated = commit(&mut old, &second).await.expect("works");
    assert_eq!(repeated, done(2, 2, 1), "recorded by the successor");
    assert_eq!(
        commit(&mut new, &append("depot-1", Some(1), &[3])).await.expect("works"),
        done(3, 3, 2)
    );
    let wrong = append("depot-1", Some(1), &[4]);
    assert_eq!(
        commit(&mut old, &wrong).await.expect("works"),
        Appended::Conflict { version: Some(Version(2)) }
    );
    assert_eq!(
        commit(&mut new, &append("depot-1", Some(2), &[5])).await.expect("works"),
        done(4, 4, 3)
    );
    let right = append("depot-1", Some(3), &[6]);
    assert_eq!(commit(&mut old, &right).await.expect("works"), done(5, 5, 4));
    assert_eq!(
        commit(&mut new, &append("depot-2", None, &[7])).await.expect("works"),
        done(6, 6, 0)
    );
    assert_eq!(
        commit(&mut old, &append("depot-3", None, &[8])).await.expect("works"),
        done(7, 7, 0)
    );
    assert_eq!(read_sound(&reader).await.len(), 7);
}

/// A writer that was stopped between insert and commit holds its position until another writer ends its session.
#[tokio::test]
async fn what_a_sleeping_writer_left_open_is_undone_by_who_takes_over() {
    let url = fresh_url();
    let MongoStore { writer: mut before, reader } =
        MongoStore::open(&url, patient()).await.expect("a store");
    let first = append("depot-1", None, &[1]);
    assert_eq!(commit(&mut before, &first).await.expect("works"), done(1, 1, 0));
    let client = Client::with_uri_str(&url).await.expect("a client");
    let database = client.default_database().expect("named");
    let hold = async |position: i64| {
        let mut sleeper = client.start_session().await.expect("a session");
        let writers = database.collection::<Document>("writers");
        writers.insert_one(sleeper.id()).await.expect("noted");
        sleeper.start_transaction().await.expect("a transaction");
        let events = database.collection::<Document>("events");
        let event =
            doc! { "_id": position, "position": position, "stream": "depot-9", "version": 0_i64 };
        events.insert_one(event).session(&mut sleeper).await.expect("held");
        sleeper
    };
    let mut asleep = hold(2).await;
    let mut after = MongoStore::open(&url, patient()).await.expect("a store").writer;
    let second = append("depot-1", Some(0), &[2]);
    assert_eq!(commit(&mut after, &second).await.expect("who comes new"), done(2, 2, 1));
    asleep.commit_transaction().await.expect_err("it was undone");
    let mut asleep = hold(3).await;
    let third = append("depot-1", Some(1), &[3]);
    assert_eq!(commit(&mut after, &third).await.expect("who was there before"), done(3, 3, 2));
    asleep.commit_transaction().await.expect_err("it was undone");
    let fourth = append("depot-1", Some(2), &[4]);
    assert_eq!(commit(&mut before, &fourth).await.expect("who slept too"), done(4, 4, 3));
    assert_eq!(read_sound(&reader).await.len(), 4);
}

/// As when a queue's consumer changes with every group.
#[tokio::test]
async fn writers_in_turn_each_find_the_head_moved() {
    let url = fresh_url();
    let mut writers = Vec::new();
    for _ in 0..2 {
        writers.push(MongoStore::open(&url, patient()).await.expect("a store").writer);
    }
    for n in 0..40_u32 {
        let writer = &mut writers[n as usize % 2];
        let group = [
            append("depot-1", n.checked_sub(1).map(u64::from), &[u128::from(n)]),
            append(&format!("borrower-{n}"), None, &[u128::from(1000 + n)]),
        ];
        let time = Timestamp::from_micros(i64::from(1000 - n));
        let commit = writer.commit(&group, time).await.expect("works");
        let first = u64::from(2 * n + 1);
        let expected = [(first, u64::from(n)), (first + 1, 0)].map(|(at, version)| {
            let (at, version) = (Position(at), Version(version));
            Appended::Recorded { first: at, last: at, version, time: Some(time) }
        });
        assert_eq!(commit.answers, expected);
    }
    let reader = MongoStore::open(&url, patient()).await.expect("a store").reader;
    let all = read_sound(&reader).await;
    assert_eq!(all.len(), 80);
    let times: Vec<i64> = all.iter().map(|event| event.time.micros()).collect();
    let said: Vec<i64> = (0..80).map(|at| 1000 - at / 2).collect();
    assert_eq!(times, said, "each has the time of its clock");
    for (time, first) in [(1000, Some(Position(1))), (961, Some(Position(1))), (1001, None)] {
        let found = reader.position_at(Timestamp::from_micros(time)).await.expect("an answer");
        assert_eq!(found, first, "at {time}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_once_record_nothing_twice_and_leave_no_gap() {
    let url = fresh_url();
    let reader = MongoStore::open(&url, patient()).await.expect("a store").reader;
    let one = MongoStore::open(&url, patient()).await.expect("a store").writer;
    let two = MongoStore::open(&url, patient()).await.expect("a store").writer;
    let (one, two, ()) =
        tokio::join!(work(one, &reader, 1), work(two, &reader, 2), watch(&reader, 2 * 60));
    let all = read_sound(&reader).await;
    let acknowledged: BTreeMap<Position, EventId> = one.into_iter().chain(two).collect();
    assert_eq!(acknowledged.len(), all.len());
    assert!(all.iter().all(|event| acknowledged.get(&event.position) == Some(&event.id)));
}

/// Appends 60 events to three streams that others write to as well, sending every append a second time.
async fn work(
    mut writer: impl Writer,
    reader: &impl store::Reader,
    who: u128,
) -> Vec<(Position, EventId)> {
    let mut acknowledged = Vec::new();
    for n in 0..60_u128 {
        let stream = format!("depot-{}", n % 3);
        loop {
            let last = Read::Last { stream: append(&stream, None, &[]).stream };
            let last =
                reader.read(&last).await.expect("a page").events.first().map(|e| e.version.0);
            let mine = append(&stream, last, &[who * 1000 + n]);
            // The other one may win again and again: a failure says nothing, as does a conflict.
            let Ok(Appended::Recorded { first, .. }) = commit(&mut writer, &mine).await else {
                continue;
            };
            let again = until_answered(&mut writer, &mine).await;
            assert_eq!(again, done(first.0, first.0, mine.expected.first_version().0));
            acknowledged.push((first, mine.events[0].id));
            break;
        }
    }
    acknowledged
}

async fn until_answered(writer: &mut impl Writer, append: &Append) -> Appended {
    loop {
        if let Ok(answer) = commit(writer, append).await {
            return answer;
        }
    }
}

/// Reads until `total` events are there; what is read never changes and has no gap.
async fn watch(reader: &impl store::Reader, total: usize) {
    let mut seen = Vec::new();
    while seen.len() < total {
        let from = Position(seen.len() as u64 + 1);
        let page = reader.read(&Read::All { from, categories: Vec::new() }).await.expect("a page");
        for event in &page.events {
            assert_eq!(event.position.0, seen.len() as u64 + 1);
            seen.push(event.id);
        }
        assert_eq!(page.next.0, seen.len() as u64 + 1);
        let depots = Read::All { from: Position(1), categories: vec!["depot".to_owned()] };
        let page = reader.read(&depots).await.expect("a page");
        let ids: Vec<_> = page.events.iter().map(|event| event.id).collect();
        assert!(ids.starts_with(&seen), "what was seen stays");
        assert_eq!(page.next.0, ids.len() as u64 + 1);
    }
}

#[tokio::test]
async fn a_time_is_found_by_halving() {
    let MongoStore { mut writer, reader } = store().await;
    for n in 0..20_u32 {
        let time = Timestamp::from_micros(i64::from(n / 2) * 10);
        let one = append(&format!("depot-{n}"), None, &[n.into()]);
        writer.commit(&[one], time).await.expect("recorded");
    }
    for (time, expected) in [(-5, Some(1)), (0, Some(1)), (1, Some(3)), (90, Some(19)), (91, None)]
    {
        let found = reader.position_at(Timestamp::from_micros(time)).await.expect("an answer");
        assert_eq!(found, expected.map(Position), "at {time}");
    }
}
