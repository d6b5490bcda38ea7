//! Large batches: their space is allocated and not written beforehand, and whatever fails, nothing of them is recorded in part.

use std::sync::Arc;

use eventlog::simdisk::{Fault, SimDisk};
use eventlog::{AppendError, OpenError, Opened, Options, open};

use crate::support::{Event, all, append, dir, options, try_append};

const SEGMENT: u64 = 4 << 20;
/// Larger than the zeros that are written ahead.
const FIRST: usize = 1_100_000;
const LARGE: usize = 200_000;

fn try_open(disk: &SimDisk) -> Result<Opened, OpenError> {
    open(dir(), Arc::new(disk.clone()), Options { segment_bytes: SEGMENT, ..options() })
}

fn event(version: u64, bytes: usize) -> Event {
    let mut event = Event::new("a-1", version, version);
    event.data = vec![b'a'; bytes];
    event
}

/// A log with one small event.
fn begun(disk: &SimDisk) -> (Opened, Vec<Event>) {
    let mut log = try_open(disk).unwrap();
    let recorded = vec![event(0, 10)];
    append(&mut log.writer, &recorded);
    (log, recorded)
}

#[test]
fn a_large_batch_is_written_once_and_synced_once() {
    let disk = SimDisk::new(0);
    let (mut log, _) = begun(&disk);
    // One step allocates its space and that of those that follow.
    for (version, bytes, steps) in [(1, FIRST, 3), (2, LARGE, 2), (3, LARGE, 2)] {
        let before = disk.steps();
        append(&mut log.writer, &[event(version, bytes)]);
        assert_eq!(disk.steps() - before, steps, "version {version}");
    }
}

#[test]
fn any_single_fault_in_a_large_batch_records_all_or_nothing_of_it() {
    let mut seen = Vec::new();
    for fault in [Fault::Failure, Fault::ShortWrite, Fault::DiskFull] {
        for step in 1..=10 {
            for heal in [false, true] {
                let disk = SimDisk::new(step);
                let (mut log, mut recorded) = begun(&disk);
                disk.fail_at(disk.steps() + step, fault);
                for (version, bytes) in [(1, FIRST), (2, 10), (3, LARGE)] {
                    let batch = [event(version, bytes)];
                    let failed = try_append(&mut log.writer, &batch).is_err();
                    if failed && heal {
                        log.writer.heal().unwrap();
                        assert_eq!(all(&log.reader), recorded);
                    } else if failed {
                        drop(log);
                        disk.crash(step);
                        log = try_open(&disk).unwrap();
                    }
                    seen.push(failed);
                    if all(&log.reader) == recorded {
                        append(&mut log.writer, &batch);
                    }
                    recorded.extend(batch);
                    assert_eq!(all(&log.reader), recorded, "{fault:?} in step {step}");
                }
                drop(log);
                disk.lose_unsynced();
                assert_eq!(all(&try_open(&disk).unwrap().reader), recorded);
            }
        }
    }
    assert!(seen.contains(&true) && seen.contains(&false));
}

#[test]
fn a_large_batch_that_finds_too_little_space_is_refused_as_a_whole() {
    let disk = SimDisk::new(0);
    let (mut log, mut recorded) = begun(&disk);
    // Each time enough for the batch, and not for what would be allocated ahead.
    for (version, bytes, capacity) in [(1, FIRST, 1_200_000), (2, LARGE, 1_350_000)] {
        let batch = [event(version, bytes)];
        if version == 2 {
            let refused = try_append(&mut log.writer, &batch);
            assert!(matches!(refused, Err(AppendError::DiskFull(_))), "{refused:?}");
            assert!(!log.writer.is_poisoned());
            assert_eq!(all(&log.reader), recorded);
        }
        disk.set_capacity(Some(capacity));
        append(&mut log.writer, &batch);
        recorded.extend(batch);
    }
    disk.set_capacity(None);
    append(&mut log.writer, &[event(3, 10)]);
    recorded.push(event(3, 10));
    drop(log);
    disk.lose_unsynced();
    assert_eq!(all(&try_open(&disk).unwrap().reader), recorded);
}
