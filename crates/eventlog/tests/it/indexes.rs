//! Indexes are disposable: lost, damaged or foreign, they change no answer.

use std::fmt::Write;
use std::ops::ControlFlow;

use eventlog::simdisk::SimDisk;
use eventlog::{Files, Limits, Reader};

use crate::support::{Event, SALT, all, batches, dir, options, try_open, written};

/// Everything that can be asked of a log, in one text.
fn answers(reader: &Reader) -> String {
    let mut text = format!("{:?}\n", reader.stats().unwrap());
    let streams = ["depot-1", "depot-2", "account-7", "borrower-x", "alone", "none-1"];
    for stream in streams {
        for from in 0..30 {
            let mut seen = Vec::new();
            let page = reader.read_stream(stream, from, Limits::events(7), |record| {
                seen.push((record.position, record.version));
                ControlFlow::Continue(())
            });
            writeln!(text, "{stream} {from} {seen:?} {:?}", page.unwrap()).unwrap();
        }
        let last = reader.last_of_stream(stream, |record| record.position).unwrap();
        writeln!(text, "{stream} {:?} {last:?}", reader.stream_head(stream)).unwrap();
    }
    for categories in
        [&["depot"][..], &["account", "alone"], &["none"], &["depot", "depot", "borrower"]]
    {
        for from in 0..=reader.head() + 1 {
            let mut seen = Vec::new();
            let page = reader.read_categories(categories, from, Limits::events(5), |record| {
                seen.push(record.position);
                ControlFlow::Continue(())
            });
            writeln!(text, "{categories:?} {from} {seen:?} {:?}", page.unwrap()).unwrap();
        }
    }
    for time in (-1..130).map(|number| number * 1000 - 500) {
        writeln!(text, "{time} {:?}", reader.position_at(time).unwrap()).unwrap();
    }
    text
}

fn index_names(disk: &SimDisk) -> Vec<String> {
    disk.list(dir())
        .unwrap()
        .into_iter()
        .filter(|name| name.strip_suffix(".index").is_some())
        .collect()
}

#[test]
fn a_log_without_indexes_gives_the_same_answers() {
    let disk = written(&batches(50));
    let expected = answers(&try_open(&disk).unwrap().reader);
    let names = index_names(&disk);
    assert!(names.len() > 5);
    for name in &names {
        let without = disk.fork();
        without.remove(&dir().join(name)).unwrap();
        let log = try_open(&without).unwrap();
        assert_eq!(log.report.rebuilt.len(), 1);
        assert_eq!(answers(&log.reader), expected, "without {name}");
    }
    for name in &names {
        disk.remove(&dir().join(name)).unwrap();
    }
    let log = try_open(&disk).unwrap();
    assert_eq!(log.report.rebuilt.len(), names.len());
    assert_eq!(answers(&log.reader), expected);
}

#[test]
fn indexes_still_in_memory_give_the_same_answers_as_those_on_disk() {
    let disk = SimDisk::new(0);
    let mut log = try_open(&disk).unwrap();
    for batch in &batches(12) {
        crate::support::append(&mut log.writer, batch);
    }
    assert!(log.maintenance.is_due());
    let before = answers(&log.reader);
    while log.maintenance.step().unwrap() {}
    assert!(!log.maintenance.is_due());
    assert_eq!(answers(&log.reader), before);
}

#[test]
fn a_good_index_of_another_log_is_not_believed() {
    let script = batches(50);
    let disk = written(&script);
    let expected = answers(&try_open(&disk).unwrap().reader);
    // The same events under another salt; other events under the same salt; and another segment's index.
    let other_salt = SimDisk::new(0);
    let mut salt = SALT;
    salt[0] ^= 1;
    let files = std::sync::Arc::new(other_salt.clone());
    let mut log = eventlog::open(dir(), files, eventlog::Options { salt, ..options() }).unwrap();
    for batch in &script {
        crate::support::append(&mut log.writer, batch);
        while log.maintenance.step().unwrap() {}
    }
    let mut changed = script.clone();
    changed[0][0].id[15] ^= 1;
    let other_events = written(&changed);
    for (number, donor) in [(1, &other_salt), (1, &other_events), (2, &disk)] {
        let foreign = donor.contents()[&dir().join(format!("{number:010}.index"))].clone();
        let damaged = disk.fork();
        damaged.put(&dir().join("0000000001.index"), &foreign);
        let log = try_open(&damaged).unwrap();
        assert_eq!(log.report.rebuilt, [1]);
        assert_eq!(answers(&log.reader), expected);
    }
}

#[test]
fn times_that_run_backwards_are_found_too() {
    let mut events: Vec<_> = (0..60).map(|version| Event::new("a-1", version, version)).collect();
    for (place, event) in (0..).zip(&mut events) {
        event.time_us = (place * 37) % 60;
    }
    let script: Vec<_> = events.chunks(3).map(<[Event]>::to_vec).collect();
    let disk = written(&script);
    let log = try_open(&disk).unwrap();
    assert_eq!(all(&log.reader), events);
    for time in -1..=60 {
        let expected =
            events.iter().position(|event| event.time_us >= time).map(|place| place as u64 + 1);
        assert_eq!(log.reader.position_at(time).unwrap(), expected, "time {time}");
    }
}
