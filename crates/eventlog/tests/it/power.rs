//! Promise 1: what was acknowledged survives a power loss at any moment, and so does the log as a whole.

use eventlog::simdisk::SimDisk;
use eventlog::verify;

use crate::support::{Event, all, append, batches, dir, try_append, try_open};

/// What was acknowledged before the power went, and what was on its way.
#[derive(Default)]
struct Outcome {
    acknowledged: Vec<Event>,
    on_its_way: Vec<Event>,
}

/// Opens a log and appends until the script or the power ends.
fn run(disk: &SimDisk, script: &[Vec<Event>]) -> Outcome {
    let mut outcome = Outcome::default();
    let Ok(mut log) = try_open(disk) else { return outcome };
    for (place, batch) in script.iter().enumerate() {
        outcome.on_its_way.clone_from(batch);
        if try_append(&mut log.writer, batch).is_err() {
            return outcome;
        }
        outcome.acknowledged.append(&mut outcome.on_its_way);
        // Every third time, so that indexes are also written late, and by the writer.
        if place % 3 == 0 {
            _ = log.maintenance.step();
        }
    }
    outcome
}

/// The log opens, holds what it must, whole batches only, and goes on.
fn assert_recovers(disk: &SimDisk, outcome: &Outcome, context: &str) {
    let mut log = try_open(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
    let mut expected = outcome.acknowledged.clone();
    let found = all(&log.reader);
    if found.len() > expected.len() {
        expected.extend(outcome.on_its_way.clone());
    }
    assert!(
        found == expected,
        "{context}: {} found, {} acknowledged",
        found.len(),
        outcome.acknowledged.len()
    );
    // A small batch goes where a torn one was; one that does not fit leaves the place, and seals the segment, as it is.
    for (version, bytes) in [[10, 3500], [3500, 10]][found.len() % 2].into_iter().enumerate() {
        let mut more = Event::new("after-1", version as u64, 1_000_000);
        more.data = vec![b'z'; bytes];
        append(&mut log.writer, std::slice::from_ref(&more));
        expected.push(more);
    }
    drop(log);
    // What was acknowledged after the recovery must survive the harshest loss as well.
    disk.lose_unsynced();
    verify(dir(), disk, None).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert!(all(&try_open(disk).unwrap().reader) == expected, "{context}: after going on");
}

#[test]
fn what_was_acknowledged_survives_a_power_loss_at_every_step() {
    let script = batches(40);
    let whole = SimDisk::new(0);
    run(&whole, &script);
    let (mut lost, mut kept, mut names) = (0, 0, 0);
    for step in 1..=whole.steps() {
        let disk = SimDisk::new(0);
        disk.lose_power_at(step);
        let outcome = run(&disk, &script);
        assert!(disk.is_off());
        for seed in 0..8 {
            let disk = disk.fork();
            disk.crash(seed * 1000 + step);
            assert_recovers(&disk, &outcome, &format!("step {step}, seed {seed}"));
            let counts = disk.counts();
            lost += counts.lost_sectors;
            kept += counts.kept_sectors;
            names += counts.lost_names;
        }
    }
    assert!(lost > 1000 && kept > 1000 && names > 100, "{lost} {kept} {names}");
}

#[test]
fn a_power_loss_during_recovery_loses_nothing_either() {
    let script = batches(30);
    let whole = SimDisk::new(0);
    run(&whole, &script);
    for step in 1..=whole.steps() {
        let crashed = SimDisk::new(0);
        crashed.lose_power_at(step);
        let outcome = run(&crashed, &script);
        crashed.crash(step);
        for recovery_step in 1.. {
            let disk = crashed.fork();
            disk.lose_power_at(crashed.steps() + recovery_step);
            drop(try_open(&disk));
            if !disk.is_off() {
                break;
            }
            disk.crash(step + 77 * recovery_step);
            assert_recovers(
                &disk,
                &outcome,
                &format!("step {step}, recovery step {recovery_step}"),
            );
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let script = batches(30);
    let whole = SimDisk::new(0);
    run(&whole, &script);
    for step in 1..=whole.steps() {
        let disk = SimDisk::new(0);
        disk.lose_power_at(step);
        let outcome = run(&disk, &script);
        // The page cache outlives the process; then the power goes, after the log was opened and read.
        disk.revive();
        let seen = all(&try_open(&disk).unwrap().reader);
        assert!(seen.starts_with(&outcome.acknowledged), "step {step}");
        disk.lose_unsynced();
        assert!(all(&try_open(&disk).unwrap().reader) == seen, "step {step}: seen, then gone");
    }
}

#[test]
fn a_killed_process_leaves_a_log_that_goes_on() {
    let script = batches(30);
    let whole = SimDisk::new(0);
    run(&whole, &script);
    for step in 1..=whole.steps() {
        let disk = SimDisk::new(0);
        disk.lose_power_at(step);
        let outcome = run(&disk, &script);
        disk.revive();
        assert_recovers(&disk, &outcome, &format!("step {step}"));
    }
}
