//! Copies between the engines, in both directions, interrupted and resumed.

use std::{path::Path, sync::Arc};

use kernel::{Position, Recorded, Timestamp};
use store::Append;
use store::{
    Import, LogStore, Reader, StoreFailure, Writer, copy::Copied, copy::CopyError, copy::Progress,
    copy::Step, copy::Target, copy::copy,
};
use store_mongodb::MongoStore;

use store::conformance::samples::{append, large, read_all, rich};

use crate::mongo;

fn log(folder: &Path, name: &str) -> LogStore {
    let options = eventlog::Options { segment_bytes: 1 << 20, ..eventlog::Options::new([7; 16]) };
    LogStore::open(&folder.join(name), Arc::new(eventlog::OsFiles), options).expect("a log")
}

/// 2,506 events: several pages, all kinds of metadata, large ones, times that differ.
async fn fill(writer: &mut impl Writer) {
    for n in 0..5_u32 {
        let ids: Vec<u128> = (0..500).map(|id| u128::from(n) * 1000 + id).collect();
        let group = [
            append(&format!("depot-{n}"), None, &ids),
            large(&format!("account-{n}"), 100_000 + u128::from(n), 400_000),
        ];
        let time = Timestamp::from_micros(1_700_000_000_000_000 + i64::from(n));
        writer.commit(&group, time).await.expect("recorded");
    }
    let last = Append { events: [rich(200_000)].into(), ..append("borrower-1", None, &[]) };
    writer.commit(&[last], Timestamp::from_micros(1_700_000_000_000_009)).await.expect("recorded");
}

async fn copied(
    from: &dyn Reader,
    import: &mut dyn Import,
    to: &dyn Reader,
) -> Result<Copied, CopyError> {
    copy(from, Target { import, reader: to }, &mut |_| {}).await
}

#[tokio::test]
async fn a_log_goes_to_mongodb_and_back_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = log(folder.path(), "first");
    fill(&mut first.writer).await;
    let mut middle = mongo::store().await;
    let mut steps = Vec::new();
    let mut note = |progress: Progress| {
        if progress.done == progress.total {
            steps.push((progress.step, progress.total));
        }
    };
    let target = Target { import: &mut middle.writer, reader: &middle.reader };
    let there = copy(&first.reader, target, &mut note);
    let there = there.await.expect("copied");
    assert_eq!((there.head, there.events), (Position(2506), 2506));
    assert_eq!(steps, [(Step::Copying, Position(2506)), (Step::Verifying, Position(2506))]);

    let mut last = log(folder.path(), "last");
    let back = copied(&middle.reader, &mut last.writer, &last.reader).await.expect("copied");
    assert_eq!(back, there);
    for (one, other) in read_all(&first.reader).await.iter().zip(read_all(&last.reader).await) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    // Both go on where they end.
    let more = [append("depot-0", Some(499), &[300_000])];
    let answers = |commit: store::Commit| commit.answers;
    let time = Timestamp::from_micros(5);
    let logs = last.writer.commit(&more, time).await.map(answers).expect("recorded");
    assert_eq!(middle.writer.commit(&more, time).await.map(answers).expect("recorded"), logs);
}

/// Fails after some pages, as if it had been killed.
struct Breaking<W>(W, usize);

#[async_trait::async_trait]
impl<W: Import> Import for Breaking<W> {
    async fn import(&mut self, events: &[Arc<Recorded>]) -> Result<(), StoreFailure> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| StoreFailure("killed".to_owned()))?;
        self.0.import(events).await
    }
}

#[tokio::test]
async fn a_copy_that_was_broken_off_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut source = log(folder.path(), "source");
    fill(&mut source.writer).await;
    let MongoStore { writer, reader } = mongo::store().await;
    let mut breaking = Breaking(writer, 2);
    let broken = copied(&source.reader, &mut breaking, &reader).await.expect_err("it breaks off");
    assert!(broken.to_string().ends_with("killed"), "{broken}");
    let there = reader.head().await.expect("a head");
    assert!(there > Position(1) && there < Position(2506), "{there}");
    let done = copied(&source.reader, &mut breaking.0, &reader).await.expect("goes on");
    assert_eq!(done.events, 2506 - there.0);
    let again = copied(&source.reader, &mut breaking.0, &reader).await.expect("nothing to do");
    assert_eq!(again, Copied { events: 0, ..done });
}

#[tokio::test]
async fn a_target_with_other_events_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut source = log(folder.path(), "source");
    let mut target = mongo::store().await;
    let now = Timestamp::from_micros(1);
    source.writer.commit(&[append("depot-1", None, &[1, 2])], now).await.expect("recorded");
    target.writer.commit(&[append("depot-1", None, &[1, 3])], now).await.expect("recorded");
    let refused = copied(&source.reader, &mut target.writer, &target.reader).await;
    assert!(matches!(refused, Err(CopyError::Other(Position(2)))), "{refused:?}");
    target.writer.commit(&[append("depot-2", None, &[4])], now).await.expect("recorded");
    let refused = copied(&source.reader, &mut target.writer, &target.reader).await;
    assert!(matches!(refused, Err(CopyError::Longer { .. })), "{refused:?}");
    assert_eq!(read_all(&target.reader).await.len(), 3);
}

#[tokio::test]
async fn an_import_takes_only_what_follows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut source = log(folder.path(), "source");
    fill(&mut source.writer).await;
    let all = read_all(&source.reader).await;
    let mut own = log(folder.path(), "target");
    let mut mongo = mongo::store().await;
    let targets: [(&mut dyn Import, &dyn Reader); 2] =
        [(&mut own.writer, &own.reader), (&mut mongo.writer, &mongo.reader)];
    let change = |position: usize, change: &dyn Fn(&mut Recorded)| {
        let mut event = Recorded::clone(&all[position]);
        change(&mut event);
        vec![Arc::new(event)]
    };
    for (target, reader) in targets {
        target.import(&all[1..3]).await.expect_err("a gap before it");
        target.import(&all[..3]).await.expect("the first three");
        target.import(&all[..3]).await.expect_err("the same again");
        target
            .import(&change(3, &|event| event.version.0 = 9))
            .await
            .expect_err("a version too far");
        let old = change(3, &|event| event.time = Timestamp::from_micros(0));
        target.import(&old).await.expect("a clock was set back");
        target.import(&all[4..5]).await.expect("one more");
        let found = reader.position_at(Timestamp::from_micros(1)).await.expect("an answer");
        assert_eq!(found, Some(Position(1)), "times are found all the same");
        assert_eq!(reader.head().await.expect("a head"), Position(5));
    }
}
