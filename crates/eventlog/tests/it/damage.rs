//! Promise 2: a torn last batch is truncated completely and reported; any other damage is refused, with its place.

use std::path::{Path, PathBuf};

use eventlog::simdisk::SimDisk;
use eventlog::{Damage, Files, OpenError, ReadError, Torn, VerifyError, verify};

use crate::support::{Event, all, append, batches, dir, try_all, try_open, written};

const LAST: u64 = 3;

/// Three segments: the last one has several batches.
fn small_log() -> (SimDisk, Vec<Event>) {
    let mut events = Vec::new();
    for version in 0..21 {
        let mut event =
            Event::new(if version % 2 == 0 { "a-1" } else { "b-1" }, version / 2, version);
        event.data.resize(350, b'd');
        events.push(vec![event]);
    }
    let disk = written(&events);
    assert_eq!(
        disk.contents().keys().filter(|path| path.extension().unwrap() == "segment").count() as u64,
        LAST
    );
    (disk, events.concat())
}

fn segment(number: u64) -> PathBuf {
    dir().join(format!("{number:010}.segment"))
}

/// Where the batches of a segment begin, found from outside by their magic.
fn batch_offsets(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"btch")).collect()
}

fn with_flipped(disk: &SimDisk, path: &Path, at: usize, bit: u8) -> SimDisk {
    let fork = disk.fork();
    let mut bytes = fork.contents().remove(path).unwrap();
    bytes[at] ^= bit;
    fork.put(path, &bytes);
    fork
}

fn without_indexes(disk: &SimDisk) -> SimDisk {
    let disk = disk.fork();
    for name in
        disk.list(dir()).unwrap().iter().filter(|name| name.strip_suffix(".index").is_some())
    {
        disk.remove(&dir().join(name)).unwrap();
    }
    disk
}

fn damage_of(result: Result<eventlog::Opened, OpenError>) -> Damage {
    match result {
        Err(OpenError::Damage(damage)) => damage,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

fn damage_verified(disk: &SimDisk) -> Damage {
    match verify(dir(), disk, None) {
        Err(VerifyError::Open(OpenError::Damage(damage))) => damage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_flipped_byte_of_a_sealed_segment_is_named() {
    let (disk, events) = small_log();
    for number in 1..LAST {
        let bytes = disk.contents().remove(&segment(number)).unwrap();
        let first = disk_position(&disk, number);
        let batches = batch_offsets(&bytes);
        for at in 0..bytes.len() {
            let flipped = with_flipped(&disk, &segment(number), at, 1 << (at % 8));
            let damage = damage_verified(&flipped);
            let before = batches.iter().filter(|&&start| start <= at).count() as u64;
            let position = first + before.saturating_sub(1);
            assert_eq!(damage.segment, number, "byte {at}");
            let tail = bytes[at..].iter().all(|&byte| byte == 0);
            assert!(
                damage.position == position || (tail && damage.position == position + 1),
                "byte {at}: {damage}"
            );
            assert_eq!(damage_of(try_open(&without_indexes(&flipped))), damage, "byte {at}");
            // With its index trusted, the segment is not read at opening: its damage shows where it is read.
            match try_open(&flipped) {
                Err(error) => {
                    assert!(
                        matches!(error, OpenError::Damage(_)) && at < 128,
                        "byte {at}: {error}"
                    );
                }
                Ok(log) => match try_all(&log.reader) {
                    Err(ReadError::Damage(read)) => {
                        assert_eq!(read.position, position, "byte {at}");
                    }
                    Err(other) => panic!("{other}"),
                    Ok(read) => assert!(tail && read == events, "byte {at}"),
                },
            }
        }
    }
}

/// The first position of a segment, from its header.
fn disk_position(disk: &SimDisk, number: u64) -> u64 {
    let bytes = disk.contents().remove(&segment(number)).unwrap();
    u64::from_le_bytes(bytes[40..48].try_into().unwrap())
}

#[test]
fn every_flipped_byte_of_the_last_segment_is_named_or_was_in_the_last_batch() {
    let (disk, events) = small_log();
    let bytes = disk.contents().remove(&segment(LAST)).unwrap();
    let batches = batch_offsets(&bytes);
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap() / 8 * 8 + 8;
    let (&last, head) = (batches.last().unwrap(), events.len() as u64);
    for at in 0..bytes.len() {
        let flipped = with_flipped(&disk, &segment(LAST), at, 1 << (at % 8));
        if at < last {
            let damage = damage_of(try_open(&flipped));
            let before = batches.iter().filter(|&&start| start <= at).count() as u64;
            let position = disk_position(&disk, LAST) + before.saturating_sub(1);
            assert_eq!((damage.segment, damage.position), (LAST, position), "byte {at}");
            assert_eq!(damage_verified(&flipped), damage);
            continue;
        }
        let (kept, from) = if at < end { (head - 1, last) } else { (head, end) };
        let verified = verify(dir(), &flipped, None).unwrap();
        let mut log = try_open(&flipped).unwrap();
        let torn = log.report.torn.unwrap();
        assert_eq!(verified.torn, Some(torn));
        let expected =
            Torn { segment: LAST, position: kept + 1, offset: from as u64, bytes: torn.bytes };
        assert_eq!(torn, expected, "byte {at}");
        assert!(
            torn.offset + torn.bytes > at.min(end - 8) as u64
                && torn.bytes <= (bytes.len() - from) as u64
        );
        assert_eq!(all(&log.reader), events[..usize::try_from(kept).unwrap()]);
        append(&mut log.writer, &[Event::new("c-1", 0, 99)]);
        drop(log);
        assert_eq!(try_open(&flipped).unwrap().report.torn, None, "it was cut for good");
    }
}

#[test]
fn every_truncation_is_refused_and_named() {
    let (disk, _) = small_log();
    let bytes = disk.contents().remove(&segment(LAST)).unwrap();
    let batches = batch_offsets(&bytes);
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap() / 8 * 8 + 8;
    for length in 0..bytes.len() {
        let cut = disk.fork();
        cut.put(&segment(LAST), &bytes[..length]);
        let damage = damage_of(try_open(&cut));
        let ends = batches.iter().skip(1).chain([&end]);
        let whole = ends.filter(|&&end| end <= length).count() as u64;
        assert_eq!(
            (damage.segment, damage.position),
            (LAST, disk_position(&disk, LAST) + whole),
            "{length}"
        );
        assert_eq!(damage_verified(&cut), damage);
    }
}

#[test]
fn a_missing_segment_is_named() {
    for (number, position) in [(1, 1), (2, 9), (LAST, 17)] {
        let (disk, _) = small_log();
        disk.remove(&segment(number)).unwrap();
        let damage = damage_of(try_open(&disk));
        assert_eq!((damage.segment, damage.position), (number, position));
        assert!(damage.to_string().contains("missing"), "{damage}");
    }
}

#[test]
fn segments_of_two_logs_do_not_make_one() {
    let (disk, _) = small_log();
    let (other, _) = small_log();
    // The same bytes under another number, and the same log with another history.
    let swapped = disk.fork();
    swapped.put(&segment(1), &disk.contents().remove(&segment(2)).unwrap());
    assert_eq!(damage_of(try_open(&swapped)).segment, 1);
    let different = written(&batches(20));
    other.put(&segment(1), &different.contents().remove(&segment(1)).unwrap());
    assert_eq!(damage_verified(&other).segment, 1);
    assert_eq!(damage_of(try_open(&without_indexes(&other))).segment, 1);
}

#[test]
fn a_batch_moved_to_another_place_is_no_batch() {
    let (disk, events) = small_log();
    let mut bytes = disk.contents().remove(&segment(LAST)).unwrap();
    let batches = batch_offsets(&bytes);
    let [.., before, last] = batches[..] else { panic!("too few batches") };
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap() / 8 * 8 + 8;
    let copy = bytes[before..last].to_vec();
    bytes[end..end + copy.len()].copy_from_slice(&copy);
    disk.put(&segment(LAST), &bytes);
    let log = try_open(&disk).unwrap();
    assert_eq!(log.report.torn.unwrap().position, events.len() as u64 + 1);
    assert_eq!(all(&log.reader), events);
}

#[test]
fn a_flipped_byte_of_an_index_changes_no_answer() {
    let (disk, events) = small_log();
    let path = dir().join("0000000001.index");
    let length = disk.contents()[&path].len();
    for at in 0..length {
        let flipped = with_flipped(&disk, &path, at, 1 << (at % 8));
        assert_eq!(verify(dir(), &flipped, None).unwrap().bad_indexes, [1]);
        let log = try_open(&flipped).unwrap();
        assert_eq!(log.report.rebuilt, [1], "byte {at}");
        assert_eq!(all(&log.reader), events);
        assert_eq!(flipped.contents()[&path], disk.contents()[&path], "it was rebuilt");
    }
}
