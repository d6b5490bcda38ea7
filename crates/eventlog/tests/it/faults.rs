//! Failed and short writes, failed syncs, a full disk: nothing acknowledged is lost, and no failure is hidden.

use eventlog::simdisk::{Chances, Fault, SimDisk};
use eventlog::{AppendError, verify};

use crate::support::{Event, all, append, batches, dir, try_append, try_open, written};

/// Runs the script with one fault in it; after an error the log is opened again, and the script goes on from what it has.
///
/// With `heal` the log is healed in place instead, as often as that takes.
fn run_through(
    disk: &SimDisk,
    script: &[Vec<Event>],
    (crash, heal): (Option<u64>, bool),
) -> Vec<&'static str> {
    let mut errors = Vec::new();
    let mut next = 0;
    let mut opened = 0;
    while next < script.len() {
        opened += 1;
        assert!(opened < 50, "it never gets anywhere");
        let Ok(mut log) = try_open(disk) else {
            errors.push("open");
            continue;
        };
        let recorded: usize = script[..next].iter().map(Vec::len).sum();
        let found = all(&log.reader).len();
        assert!(found >= recorded, "{found} of {recorded}");
        if found > recorded {
            next += 1;
        }
        while let Some(batch) = script.get(next) {
            match try_append(&mut log.writer, batch) {
                Ok(()) => next += 1,
                Err(AppendError::DiskFull(_)) => errors.push("full"),
                Err(AppendError::Refused(_)) => errors.push("refused"),
                Err(AppendError::Failed(_)) if heal => {
                    errors.push("failed");
                    assert!(log.writer.is_poisoned());
                    assert!((0..100).any(|_| log.writer.heal().is_ok()), "it never heals");
                    assert_eq!(all(&log.reader), script[..next].concat());
                    errors.push("healed");
                }
                Err(error) => {
                    assert!(matches!(error, AppendError::Failed(_)), "{error}");
                    assert!(matches!(
                        try_append(&mut log.writer, batch),
                        Err(AppendError::Poisoned)
                    ));
                    errors.push("failed");
                    break;
                }
            }
            _ = log.maintenance.step();
        }
        drop(log);
        if let Some(seed) = crash {
            disk.crash(seed);
        }
    }
    // What a failed sync dropped could be read until now.
    disk.set_chances(Chances::default());
    disk.lose_unsynced();
    let log = try_open(disk).unwrap();
    assert!(all(&log.reader) == script.concat());
    errors
}

#[test]
fn any_single_fault_costs_at_most_a_reopening() {
    let script = batches(25);
    let steps = written(&script).steps();
    let mut seen = Vec::new();
    for fault in [Fault::Failure, Fault::ShortWrite, Fault::DiskFull] {
        for step in 1..=steps {
            for crash in [None, Some(step), Some(step + 1000)] {
                for heal in [false, true] {
                    let disk = SimDisk::new(step);
                    disk.fail_at(step, fault);
                    seen.extend(run_through(&disk, &script, (crash, heal)));
                }
            }
        }
    }
    for kind in ["open", "full", "refused", "failed", "healed"] {
        assert!(seen.contains(&kind), "{kind} never happened");
    }
}

#[test]
fn a_storm_of_faults_loses_nothing() {
    let script = batches(60);
    let mut total = [0; 4];
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        disk.set_chances(Chances {
            failed_write: 8,
            short_write: 100,
            failed_sync: 8,
            short_read: 100,
        });
        run_through(&disk, &script, ((seed % 2 == 0).then_some(seed), seed % 4 < 2));
        let counts = disk.counts();
        let kinds =
            [counts.failed_writes, counts.short_writes, counts.failed_syncs, counts.short_reads];
        total.iter_mut().zip(kinds).for_each(|(sum, count)| *sum += count);
    }
    assert!(total.iter().all(|&count| count > 30), "{total:?}");
}

#[test]
fn a_full_disk_records_nothing_and_writing_goes_on_when_there_is_space() {
    let script = batches(80);
    let disk = SimDisk::new(0);
    disk.set_capacity(Some(20_000));
    let mut log = try_open(&disk).unwrap();
    let mut recorded = Vec::new();
    let mut refused = 0;
    for batch in &script {
        while let Err(error) = try_append(&mut log.writer, batch) {
            assert!(matches!(error, AppendError::DiskFull(_)), "{error}");
            assert_eq!(all(&log.reader), recorded);
            refused += 1;
            disk.set_capacity(Some(20_000 + 6_000 * refused));
        }
        recorded.extend(batch.iter().cloned());
        _ = log.maintenance.step();
    }
    assert!(refused > 3, "the disk was never full");
    drop(log);
    disk.crash(0);
    assert_eq!(all(&try_open(&disk).unwrap().reader), recorded);
}

#[test]
fn a_mark_is_right_behind_any_number_of_empty_segments() {
    let disk = SimDisk::new(0);
    let mut log = try_open(&disk).unwrap();
    append(&mut log.writer, &[Event::new("a-1", 0, 1)]);
    let mark = log.writer.mark();
    for bytes in [5_000, 20_000, 80_000] {
        // Enough for a header, not for the batch.
        disk.set_capacity(Some(3_000 + bytes));
        let mut large = Event::new("a-1", 1, 2);
        large.data = vec![b'a'; usize::try_from(bytes).unwrap()];
        assert!(matches!(try_append(&mut log.writer, &[large]), Err(AppendError::DiskFull(_))));
        assert_eq!(log.writer.mark(), mark);
    }
    drop(log);
    assert!(disk.contents().len() >= 4, "there are empty segments");
    assert_eq!(verify(dir(), &disk, Some(mark)).unwrap().mark, mark);
    assert_eq!(try_open(&disk).unwrap().writer.mark(), mark);
}

#[test]
fn after_a_full_disk_a_smaller_or_larger_batch_takes_the_place() {
    for bytes in [10, 9000] {
        let disk = SimDisk::new(0);
        let mut log = try_open(&disk).unwrap();
        let mut first = Event::new("a-1", 0, 1);
        first.data = vec![b'a'; 3000];
        append(&mut log.writer, std::slice::from_ref(&first));
        disk.set_capacity(Some(5_500));
        let mut second = Event::new("a-1", 1, 2);
        second.data = vec![b'b'; 3000];
        assert!(matches!(
            try_append(&mut log.writer, std::slice::from_ref(&second)),
            Err(AppendError::DiskFull(_))
        ));
        assert_eq!(verify(dir(), &disk.fork(), None).unwrap().mark, log.writer.mark());
        disk.set_capacity(None);
        second.data = vec![b'c'; bytes];
        append(&mut log.writer, std::slice::from_ref(&second));
        let mark = log.writer.mark();
        drop(log);
        assert_eq!(verify(dir(), &disk, None).unwrap().mark, mark);
        assert_eq!(all(&try_open(&disk).unwrap().reader), [first, second]);
    }
}

#[test]
fn a_segment_that_cannot_be_made_refuses_its_batch_and_poisons_nothing() {
    let mut refused = 0;
    let steps = {
        let disk = SimDisk::new(1);
        let mut log = try_open(&disk).unwrap();
        append(&mut log.writer, &[Event::new("a-1", 0, 1)]);
        let before = disk.steps();
        append(&mut log.writer, &[large()]);
        before + 1..=disk.steps()
    };
    for step in steps {
        let disk = SimDisk::new(1);
        let mut log = try_open(&disk).unwrap();
        let first = Event::new("a-1", 0, 1);
        append(&mut log.writer, std::slice::from_ref(&first));
        disk.fail_at(step, Fault::Failure);
        let failed = try_append(&mut log.writer, &[large()]);
        if !matches!(failed, Err(AppendError::Refused(_))) {
            continue;
        }
        refused += 1;
        // A batch that would have found room in the old segment must not go there: the new one may have its name.
        let small = Event::new("a-1", 1, 3);
        append(&mut log.writer, std::slice::from_ref(&small));
        let mark = log.writer.mark();
        drop(log);
        disk.crash(step);
        assert_eq!(verify(dir(), &disk, Some(mark)).unwrap().mark, mark, "step {step}");
        assert_eq!(all(&try_open(&disk).unwrap().reader), [first, small]);
    }
    assert!(refused >= 4, "creating, sizing, writing, renaming: {refused}");
}

/// An event that needs a segment of its own.
fn large() -> Event {
    let mut event = Event::new("a-1", 1, 2);
    event.data = vec![b'a'; 20_000];
    event
}

#[test]
fn a_log_whose_disk_keeps_failing_stays_poisoned_until_it_heals() {
    let disk = SimDisk::new(3);
    let mut log = try_open(&disk).unwrap();
    let (first, second) = (Event::new("a-1", 0, 1), Event::new("a-1", 1, 2));
    append(&mut log.writer, std::slice::from_ref(&first));
    disk.set_chances(Chances { failed_sync: 1000, ..Chances::default() });
    let failed = try_append(&mut log.writer, std::slice::from_ref(&second));
    assert!(matches!(failed, Err(AppendError::Failed(_))), "{failed:?}");
    assert!(log.writer.heal().is_err() && log.writer.probe().is_err());
    let poisoned = try_append(&mut log.writer, std::slice::from_ref(&second));
    assert!(matches!(poisoned, Err(AppendError::Poisoned)), "{poisoned:?}");
    disk.set_chances(Chances::default());
    log.writer.probe().unwrap();
    assert!(!log.writer.is_poisoned());
    append(&mut log.writer, std::slice::from_ref(&second));
    drop(log);
    disk.lose_unsynced();
    assert_eq!(all(&try_open(&disk).unwrap().reader), [first, second]);
}
