//! The suite that every engine passes: the contract of [`Writer`] and [`Reader`], as checks.

use std::sync::Arc;

use crate::{Append, Appended, Page, Read};
use kernel::{
    Actor, EventId, EventType, Expected, Metadata, NewEvent, Position, StreamId, Timestamp, Version,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{port::Reader, port::Writer};

/// A store without events.
struct Fresh<W, R> {
    writer: W,
    reader: R,
}

/// Runs every check, each on a fresh store made by `make`.
pub async fn suite<W: Writer, R: Reader, F: Future<Output = (W, R)>>(make: impl Fn() -> F) {
    let fresh = async || {
        let (writer, reader) = make().await;
        Fresh { writer, reader }
    };
    positions_and_versions_are_dense(fresh().await).await;
    the_same_append_again_is_the_same_answer(fresh().await).await;
    a_repetition_within_one_group_is_recorded_once(fresh().await).await;
    another_append_at_the_same_version_conflicts(fresh().await).await;
    an_append_is_all_or_nothing(fresh().await).await;
    unacceptable_appends_are_refused_alone(fresh().await).await;
    pages_are_contiguous_and_end(fresh().await).await;
    categories_are_read_alone(fresh().await).await;
    a_time_that_went_back_is_kept_and_found(fresh().await).await;
}

async fn positions_and_versions_are_dense(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let a = append("account-a", Expected::None, &[1, 2]);
    let b = append("account-b", Expected::None, &[3]);
    let c = append("account-a", Expected::Version(Version(1)), &[4]);
    assert_eq!(
        commit(&mut writer, &[a, b, c]).await,
        [done(1, 2, 1), done(3, 3, 0), done(4, 4, 2)]
    );
    let all = read_all(&reader, &[]).await;
    let places: Vec<_> =
        all.iter().map(|(stream, at, version, _)| (stream.as_str(), *at, *version)).collect();
    assert_eq!(
        places,
        [("account-a", 1, 0), ("account-a", 2, 1), ("account-b", 3, 0), ("account-a", 4, 2)]
    );
}

async fn the_same_append_again_is_the_same_answer(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let first = append("depot-1", Expected::None, &[1, 2]);
    assert_eq!(commit(&mut writer, std::slice::from_ref(&first)).await, [done(1, 2, 1)]);
    for n in 0..50 {
        let further = append("depot-1", Expected::Version(Version(1 + n)), &[100 + u128::from(n)]);
        commit(&mut writer, &[further]).await;
    }
    assert_eq!(commit(&mut writer, &[first]).await, [done(1, 2, 1)]);
    assert_eq!(reader.head().await.expect("a head"), Position(52));
}

async fn a_repetition_within_one_group_is_recorded_once(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let once = append("depot-1", Expected::None, &[1, 2]);
    let next = append("depot-1", Expected::Version(Version(1)), &[3]);
    let group = [once.clone(), next.clone(), once, next];
    assert_eq!(
        commit(&mut writer, &group).await,
        [done(1, 2, 1), done(3, 3, 2), done(1, 2, 1), done(3, 3, 2)]
    );
    assert_eq!(reader.head().await.expect("a head"), Position(3));
}

async fn another_append_at_the_same_version_conflicts(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let conflict = |version| Appended::Conflict { version };
    let mine = append("depot-1", Expected::None, &[1]);
    let yours = append("depot-1", Expected::None, &[2]);
    assert_eq!(
        commit(&mut writer, &[mine, yours.clone()]).await,
        [done(1, 1, 0), conflict(Some(Version(0)))]
    );
    assert_eq!(commit(&mut writer, &[yours]).await, [conflict(Some(Version(0)))]);
    let ahead = append("depot-2", Expected::Version(Version(4)), &[3]);
    assert_eq!(commit(&mut writer, &[ahead]).await, [conflict(None)]);
    let longer = append("depot-1", Expected::None, &[1, 9]);
    assert_eq!(commit(&mut writer, &[longer]).await, [conflict(Some(Version(0)))]);
    assert_eq!(reader.head().await.expect("a head"), Position(1));
}

async fn an_append_is_all_or_nothing(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let ids: Vec<u128> = (0..1000).collect();
    let wrong = append("depot-1", Expected::Version(Version(0)), &ids);
    let right = append("depot-1", Expected::None, &ids);
    let answers = commit(&mut writer, &[wrong, right]).await;
    assert_eq!(answers, [Appended::Conflict { version: None }, done(1, 1000, 999)]);
    assert_eq!(read_all(&reader, &[]).await.len(), 1000);
}

async fn unacceptable_appends_are_refused_alone(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let ids: Vec<u128> = (0..1001).collect();
    let mut huge = append("depot-4", Expected::None, &[1]);
    huge.events =
        Arc::from(vec![event(1, &format!("{{\"x\":\"{}\"}}", "x".repeat(Append::BYTES_MAX)))]);
    let mut no_object = append("depot-5", Expected::None, &[1]);
    no_object.events = Arc::from(vec![event(1, "[]")]);
    let fine = append("depot-3", Expected::None, &[5]);
    let group = [
        append("depot-1", Expected::None, &[]),
        append("depot-2", Expected::None, &ids),
        huge,
        no_object,
        fine,
    ];
    let answers = commit(&mut writer, &group).await;
    for refused in answers.iter().take(4) {
        assert!(
            matches!(refused, Appended::Refused { reason } if !reason.is_empty()),
            "{refused:?}"
        );
    }
    assert_eq!(answers.last(), Some(&done(1, 1, 0)));
    assert_eq!(reader.head().await.expect("a head"), Position(1));
}

async fn pages_are_contiguous_and_end(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let ids: Vec<u128> = (0..900).collect();
    for stream in ["depot-1", "depot-2", "depot-3"] {
        commit(&mut writer, &[append(stream, Expected::None, &ids)]).await;
    }
    let page = reader
        .read(&Read::All { from: Position(1), categories: Vec::new() })
        .await
        .expect("a page");
    assert_eq!(
        (page.events.len(), page.next, page.end, page.head),
        (Page::EVENTS_MAX, Position(1001), false, Position(2700))
    );
    assert_eq!(read_all(&reader, &[]).await.len(), 2700);
    let stream = StreamId::new("depot", 2).expect("a name");
    let page = reader
        .read(&Read::Stream { stream: stream.clone(), from: Version(899) })
        .await
        .expect("a page");
    assert_eq!((page.events.len(), page.end), (1, true));
    let page = reader
        .read(&Read::Stream { stream: stream.clone(), from: Version(900) })
        .await
        .expect("a page");
    assert_eq!((page.events.len(), page.end), (0, true));
    let page = reader.read(&Read::Last { stream }).await.expect("a page");
    assert_eq!(page.events.first().map(|event| event.version), Some(Version(899)));
    let beyond = reader
        .read(&Read::All { from: Position(u64::MAX), categories: Vec::new() })
        .await
        .expect("a page");
    assert_eq!((beyond.events.len(), beyond.end, beyond.head), (0, true, Position(2700)));
    let nobody = reader
        .read(&Read::Last { stream: StreamId::new("depot", 9).expect("a name") })
        .await
        .expect("a page");
    assert!(nobody.events.is_empty());
}

async fn categories_are_read_alone(Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>) {
    for n in 0..300_u128 {
        let category = if n % 3 == 0 { "borrower" } else { "depot" };
        commit(&mut writer, &[append(&format!("{category}-{n}"), Expected::None, &[n])]).await;
    }
    let borrowers = read_all(&reader, &["borrower"]).await;
    assert_eq!(borrowers.len(), 100);
    assert!(borrowers.iter().all(|(stream, ..)| stream.category() == "borrower"));
    assert_eq!(read_all(&reader, &["borrower", "depot"]).await.len(), 300);
    let none = reader
        .read(&Read::All { from: Position(1), categories: vec!["account".to_owned()] })
        .await
        .expect("a page");
    assert_eq!((none.events.len(), none.next, none.end), (0, Position(301), true));
}

async fn a_time_that_went_back_is_kept_and_found(
    Fresh { mut writer, reader }: Fresh<impl Writer, impl Reader>,
) {
    let times = [100, 50, 60, 200, 70];
    for (n, time) in times.into_iter().enumerate() {
        let one = append(&format!("depot-{n}"), Expected::None, &[n as u128]);
        writer.commit(&[one], Timestamp::from_micros(time)).await.expect("recorded");
    }
    let seen: Vec<i64> = read_all(&reader, &[]).await.iter().map(|(_, _, _, time)| *time).collect();
    assert_eq!(
        seen, times,
        "a clock that was ahead dates nothing that comes after it was set right"
    );
    for (time, first) in [(40, Some(1)), (60, Some(1)), (100, Some(1)), (101, Some(4)), (201, None)]
    {
        let found = reader.position_at(Timestamp::from_micros(time)).await.expect("an answer");
        assert_eq!(found, first.map(Position), "at {time}");
    }
}

async fn commit(writer: &mut impl Writer, appends: &[Append]) -> Vec<Appended> {
    // A store on a busy machine may not answer in time; the same appends again are recorded once.
    let mut failure = None;
    for _ in 0..10 {
        match writer.commit(appends, Timestamp::from_micros(1)).await {
            Ok(commit) => return commit.answers,
            Err(error) => failure = Some(error),
        }
    }
    panic!("the store works: {failure:?}")
}

async fn read_all(reader: &impl Reader, categories: &[&str]) -> Vec<(StreamId, u64, u64, i64)> {
    let categories: Vec<String> =
        categories.iter().map(|category| (*category).to_owned()).collect();
    let (mut from, mut all) = (Position(1), Vec::new());
    loop {
        let page =
            reader.read(&Read::All { from, categories: categories.clone() }).await.expect("a page");
        let place = |event: &Arc<kernel::Recorded>| {
            (event.stream.clone(), event.position.0, event.version.0, event.time.micros())
        };
        all.extend(page.events.iter().map(place));
        if page.end {
            return all;
        }
        from = page.next;
    }
}

fn append(stream: &str, expected: Expected, ids: &[u128]) -> Append {
    let events: Vec<NewEvent> = ids.iter().map(|id| event(*id, "{\"n\":1}")).collect();
    Append {
        stream: StreamId::parse(stream).expect("a stream's name"),
        expected,
        events: events.into(),
    }
}

fn event(id: u128, data: &str) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        kind: EventType::parse("depot.opened").expect("a type's name"),
        schema: 1,
        metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
        data: RawValue::from_string(data.to_owned()).expect("JSON"),
    }
}

fn done(first: u64, last: u64, version: u64) -> Appended {
    Appended::Recorded {
        first: Position(first),
        last: Position(last),
        version: Version(version),
        time: Some(Timestamp::from_micros(1)),
    }
}
