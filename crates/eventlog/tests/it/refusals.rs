//! What the log refuses, with the reason in one sentence.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use eventlog::{AppendError, OpenError, Options, OsFiles, VerifyError, open, verify};

use crate::support::{Event, SALT, all, append, open_os, options, try_append};

#[test]
fn a_log_is_opened_by_one_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_os(dir.path());
    let second = open(dir.path(), Arc::new(OsFiles), options());
    assert!(matches!(second, Err(OpenError::Locked(_))));
    assert!(matches!(
        verify(dir.path(), &OsFiles, None),
        Err(VerifyError::Open(OpenError::Locked(_)))
    ));
    let reader = log.reader.clone();
    drop((log.writer, log.maintenance));
    let mut again = open_os(dir.path());
    append(&mut again.writer, &[Event::new("a-1", 0, 1)]);
    assert_eq!(all(&reader), [], "a reader of the closed log sees what there was");
}

#[test]
fn a_newer_format_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    drop(open_os(dir.path()));
    let path = dir.path().join("0000000001.segment");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..124]).to_le_bytes();
    bytes[124..128].copy_from_slice(&crc);
    std::fs::write(&path, bytes).unwrap();
    let error = open(dir.path(), Arc::new(OsFiles), options()).err().unwrap();
    assert!(matches!(error, OpenError::Newer { format: 2, .. }));
    let text = error.to_string();
    assert!(
        text.contains("newer version") && text.contains("format 2") && !text.contains(". "),
        "{text}"
    );
}

#[test]
fn files_and_folder_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("deep/log");
    let mut log = open_os(&inside);
    for version in 0..40 {
        append(&mut log.writer, &[Event::new("a-1", version, version)]);
    }
    while log.maintenance.step().unwrap() {}
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(&inside).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 3);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open_os(dir.path()));
    for name in ["notes.txt", "notes.tmp", "0000000001.segment.tmp"] {
        std::fs::write(dir.path().join(name), "mine").unwrap();
    }
    drop(open_os(dir.path()));
    assert!(dir.path().join("notes.txt").exists() && dir.path().join("notes.tmp").exists());
    assert!(!dir.path().join("0000000001.segment.tmp").exists());
}

#[test]
fn versions_out_of_turn_are_refused_and_record_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open_os(dir.path());
    append(&mut log.writer, &[Event::new("a-1", 0, 1), Event::new("a-1", 1, 2)]);
    for bad in [
        vec![Event::new("a-1", 1, 3)],
        vec![Event::new("a-1", 3, 3)],
        vec![Event::new("b-1", 1, 3)],
        vec![Event::new("a-1", 2, 3), Event::new("a-1", 2, 4)],
        vec![Event::new("b-1", 0, 3), Event::new("a-1", 0, 4)],
    ] {
        let error = try_append(&mut log.writer, &bad).unwrap_err();
        assert!(matches!(error, AppendError::WrongVersion { .. }), "{error}");
    }
    assert_eq!(log.writer.head(), 2);
    append(&mut log.writer, &[Event::new("b-1", 0, 3), Event::new("a-1", 2, 4)]);
    assert_eq!(log.reader.stream_head("a-1"), Some(2));
}

#[test]
fn names_and_sizes_out_of_range_are_refused_and_record_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open_os(dir.path());
    let bad = [Event::new("", 0, 1), Event::new(&"x".repeat(65_536), 0, 1), {
        let mut event = Event::new("a-1", 0, 1);
        event.kind.clear();
        event
    }];
    for event in bad {
        let error = try_append(&mut log.writer, &[event]).unwrap_err();
        assert!(matches!(error, AppendError::BadName), "{error}");
    }
    let mut large = Event::new("a-1", 0, 1);
    large.data = vec![0; 1 << 27];
    let twice = [large.clone(), Event { version: 1, ..large }];
    assert!(matches!(try_append(&mut log.writer, &twice), Err(AppendError::TooLarge { .. })));
    assert_eq!(log.writer.append(&[]).unwrap(), 1..1);
    append(&mut log.writer, &[Event::new(&"x".repeat(65_535), 0, 1)]);
}

#[test]
fn segments_too_small_or_large_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for segment_bytes in [0, 4095, (1 << 30) + 1] {
        let opened =
            open(dir.path(), Arc::new(OsFiles), Options { segment_bytes, ..Options::new(SALT) });
        assert!(matches!(opened, Err(OpenError::SegmentBytes(bytes)) if bytes == segment_bytes));
    }
}
