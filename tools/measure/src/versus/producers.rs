//! Producers that each wait for their own append, and one writer that takes all that wait and commits them together.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use eventlog::{NewRecord, Record};

use crate::contest::Turn;

/// How events are appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many wait at once, each for its own append.
    pub(crate) producers: usize,
    /// Events in one append, each of another stream.
    pub(crate) batch: usize,
    /// How long a turn takes.
    pub(crate) lasting: Duration,
}

pub(super) const KIND: &str = "order.placed";
pub(super) const METADATA: &[u8] =
    br#"{"actor":"borrower","correlation":"0192d7c0-0000-7000-8000-000000000000","schema":1}"#;
pub(super) const DATA: &[u8] = br#"{"account":"9f8b7c6d5e4f3a2b","borrower":"1a2b3c4d5e6f7a8b","quantity":2,"price":1999,"deadline":1760000000}"#;
pub(super) const ID: [u8; 16] = [7; 16];

/// The streams of a producer.
pub(super) fn streams(producer: usize, load: Load) -> Vec<String> {
    (0..load.batch).map(|stream| format!("order-{producer:08}{stream:024}")).collect()
}

pub(super) fn event(stream: &str, version: u64) -> NewRecord<'_> {
    NewRecord { stream, version, id: ID, kind: KIND, time_us: 1, metadata: METADATA, data: DATA }
}

/// What an event takes in the log.
pub(crate) fn event_bytes() -> usize {
    Record::from(&event(&format!("order-{:032}", 0), 0)).size_bytes()
}

/// Commits one append for each of these producers, durably, and returns when that is done.
pub(crate) type Sink = dyn FnMut(&[usize]) -> anyhow::Result<()> + Send;

/// Lets the producers append until the time is over, and each at least once.
pub(crate) fn turn(load: Load, sink: &mut Sink) -> anyhow::Result<Turn> {
    let (ask, asked) = sync_channel(load.producers);
    let started = Instant::now();
    let until = started + load.lasting;
    let appends = std::thread::scope(|threads| {
        let mut answers = Vec::new();
        for producer in 0..load.producers {
            let (answer, answered) = sync_channel(1);
            answers.push(answer);
            let ask: SyncSender<usize> = ask.clone();
            threads.spawn(move || {
                // The writer is gone once a commit failed.
                while ask.send(producer).is_ok() && answered.recv().is_ok() {
                    if Instant::now() >= until {
                        break;
                    }
                }
            });
        }
        drop(ask);
        commit_groups(&asked, &answers, sink)
    })?;
    let events = appends * load.batch;
    let per_second = f64::from(u32::try_from(events)?) / started.elapsed().as_secs_f64();
    Ok(Turn { per_second, busy_each: None })
}

/// Returns how many appends were committed.
fn commit_groups(
    asked: &Receiver<usize>,
    answers: &[SyncSender<()>],
    sink: &mut Sink,
) -> anyhow::Result<usize> {
    let (mut group, mut appends) = (Vec::new(), 0);
    while let Ok(first) = asked.recv() {
        group.push(first);
        group.extend(asked.try_iter().take(answers.len()));
        sink(&group)?;
        appends += group.len();
        for producer in group.drain(..) {
            // A producer waits for its answer, unless the turn is given up.
            _ = answers.get(producer).map(|answer| answer.send(()));
        }
    }
    Ok(appends)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn no_producer_has_two_appends_in_a_group_and_all_are_counted() {
        let load = Load { producers: 8, batch: 3, lasting: Duration::from_millis(30) };
        let seen = Arc::new(Mutex::new(0));
        let mut sink = {
            let seen = Arc::clone(&seen);
            move |group: &[usize]| {
                let mut distinct = group.to_vec();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), group.len());
                *seen.lock().unwrap() += group.len();
                Ok(())
            }
        };
        let turn = turn(load, &mut sink).unwrap();
        assert!(*seen.lock().unwrap() >= 8, "each appends once at least");
        assert!(turn.per_second > 0.0);
    }

    #[test]
    fn a_failed_commit_ends_the_turn() {
        let load = Load { producers: 4, batch: 1, lasting: Duration::from_mins(10) };
        let failed = turn(load, &mut |_: &[usize]| anyhow::bail!("the disk is full"));
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
    }
}
