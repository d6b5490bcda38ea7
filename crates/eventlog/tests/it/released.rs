//! Logs of every format ever released are kept in `tests/data`, opened, and written again to the byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use eventlog::simdisk::SimDisk;
use eventlog::{Limits, verify};

use crate::support::{Event, all, batches, dir, try_open, written};

fn released(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/format-{format}"))
}

/// Streams of our tests, and what they were called in the log as it was released.
const NOW: [&str; 4] = ["depot-1", "depot-2", "account-7", "borrower-x"];
const THEN: [&str; 4] = ["order-1", "order-2", "product-7", "customer-x"];

fn script() -> Vec<Vec<Event>> {
    let mut script = batches(9);
    for event in script.iter_mut().flatten() {
        if let Some(at) = NOW.iter().position(|stream| *stream == event.stream) {
            THEN[at].clone_into(&mut event.stream);
        }
    }
    script
}

/// The log as this version writes it: file names and bytes, but for the lock.
fn regenerated() -> BTreeMap<String, Vec<u8>> {
    let files = written(&script()).contents().into_iter();
    files
        .map(|(path, bytes)| (path.file_name().unwrap().to_string_lossy().into_owned(), bytes))
        .collect()
}

fn stored(format: u32) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(released(format)).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn format_1_is_written_as_it_was_released() {
    let (now, then) = (regenerated(), stored(1));
    assert_eq!(now.keys().collect::<Vec<_>>(), then.keys().collect::<Vec<_>>());
    for (name, bytes) in &now {
        assert!(then[name] == *bytes, "{name} differs: a change of format needs a new number");
    }
}

#[test]
fn format_1_is_read_as_it_was_released() {
    let disk = SimDisk::new(0);
    for (name, bytes) in stored(1) {
        disk.put(&dir().join(name), &bytes);
    }
    eventlog::Files::create_dir(&disk, dir()).unwrap();
    assert!(verify(dir(), &disk, None).unwrap().bad_indexes.is_empty());
    let log = try_open(&disk).unwrap();
    assert_eq!(all(&log.reader), script().concat());
    let mut versions = Vec::new();
    let visit = |record: eventlog::Record<'_>| {
        versions.push(record.version);
        std::ops::ControlFlow::Continue(())
    };
    log.reader.read_stream("order-1", 0, Limits::NONE, visit).unwrap();
    assert!(versions.len() > 2 && versions.iter().copied().eq(0..versions.len() as u64));
}

#[test]
#[ignore = "writes tests/data/format-1: run once, when a format is released"]
fn write_the_released_log() {
    std::fs::create_dir_all(released(1)).unwrap();
    for (name, bytes) in regenerated() {
        std::fs::write(released(1).join(name), bytes).unwrap();
    }
}
