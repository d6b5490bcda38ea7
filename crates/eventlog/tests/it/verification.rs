//! `verify` proves a log whole, and the same as it was when its mark was noted.

use std::path::PathBuf;

use eventlog::simdisk::SimDisk;
use eventlog::{Mark, Verified, VerifyError, verify};

use crate::support::{Event, append, batches, dir, try_open, written};

fn verified(disk: &SimDisk) -> Verified {
    verify(dir(), disk, None).unwrap()
}

fn segment(number: u64) -> PathBuf {
    dir().join(format!("{number:010}.segment"))
}

#[test]
fn every_earlier_mark_still_holds_after_the_log_has_grown() {
    let disk = SimDisk::new(0);
    let mut log = try_open(&disk).unwrap();
    let mut marks = vec![log.writer.mark()];
    for batch in &batches(40) {
        append(&mut log.writer, batch);
        marks.push(log.writer.mark());
    }
    drop(log);
    assert_eq!(verified(&disk).mark, *marks.last().unwrap());
    for mark in marks {
        let parsed: Mark = mark.to_string().parse().unwrap();
        verify(dir(), &disk, Some(parsed)).unwrap();
        let mut hash = *mark.hash.as_bytes();
        hash[0] ^= 1;
        let forged = Mark { hash: eventlog::Hash::from_bytes(hash), ..mark };
        assert!(matches!(verify(dir(), &disk, Some(forged)), Err(VerifyError::Other { .. })));
        let elsewhere = Mark { position: mark.position + 10_000, ..mark };
        assert!(matches!(verify(dir(), &disk, Some(elsewhere)), Err(VerifyError::NotThere { .. })));
    }
}

#[test]
fn a_mark_outlives_closing_and_opening() {
    let disk = written(&batches(30));
    let before = verified(&disk).mark;
    let mut log = try_open(&disk).unwrap();
    assert_eq!(log.writer.mark(), before);
    append(&mut log.writer, &[Event::new("later-1", 0, 1)]);
    drop(log);
    assert!(verify(dir(), &disk, Some(before)).unwrap().mark.position > before.position);
}

#[test]
fn a_rewritten_past_with_good_checksums_is_found() {
    let script = batches(40);
    let disk = written(&script);
    let noted = verified(&disk).mark;
    let mut forged = script.clone();
    forged[0][0].id[0] ^= 1;
    let other = written(&forged);
    let rewritten = disk.fork();
    rewritten.put(&segment(1), &other.contents()[&segment(1)]);
    match verify(dir(), &rewritten, None) {
        Err(VerifyError::Open(eventlog::OpenError::Damage(damage))) => {
            assert_eq!(damage.segment, 1);
        }
        result => panic!("{result:?}"),
    }
    // Rewritten from there to the end it is a log like any other; only the mark tells.
    verified(&other);
    assert!(matches!(verify(dir(), &other, Some(noted)), Err(VerifyError::Other { .. })));
    // So it is when only the segment being written was changed.
    let mut forged = script;
    forged.last_mut().unwrap()[0].id[0] ^= 1;
    assert!(matches!(
        verify(dir(), &written(&forged), Some(noted)),
        Err(VerifyError::Other { .. })
    ));
}

#[test]
fn the_same_appends_give_the_same_bytes() {
    assert_eq!(written(&batches(40)).contents(), written(&batches(40)).contents());
}

#[test]
fn marks_are_parsed_strictly() {
    for text in [
        "",
        "1",
        "1:",
        ":ab",
        "x:00",
        &format!("1:{}", "g".repeat(64)),
        &format!("1:{}", "+1".repeat(32)),
    ] {
        assert!(text.parse::<Mark>().is_err(), "{text}");
    }
}
