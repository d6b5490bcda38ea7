//! A copy made while the log is written to is complete, and can be restored.

use std::path::Path;
use std::sync::Arc;

use eventlog::{BackupError, Opened, OsFiles, VerifyError, backup, pieces, restore, verify};

use crate::support::{Event, all, append, batches, dir, open_os, options, try_open, written};

#[test]
fn a_backup_beside_the_writer_is_the_log_up_to_its_head() {
    let home = tempfile::tempdir().unwrap();
    let Opened { mut writer, reader, maintenance, .. } = open_os(&home.path().join("log"));
    let events: Vec<_> = (0..800)
        .map(|number| Event::new(&format!("a-{}", number % 3), number / 3, number))
        .collect();
    let copies = std::thread::scope(|threads| {
        let copying = threads.spawn(|| {
            let dests: Vec<_> =
                (0..8).map(|copy| home.path().join(format!("copy-{copy}"))).collect();
            let marks: Vec<_> =
                dests.iter().map(|dest| backup(&reader, dest, &OsFiles).unwrap().mark).collect();
            (dests, marks)
        });
        for batch in events.chunks(3) {
            append(&mut writer, batch);
            maintenance.step().unwrap();
        }
        copying.join().unwrap()
    });
    drop((writer, maintenance));
    for (dest, mark) in copies.0.iter().zip(copies.1) {
        verify(&home.path().join("log"), &OsFiles, Some(mark)).unwrap();
        let log = open_os(dest);
        assert_eq!(all(&log.reader), events[..usize::try_from(mark.position).unwrap()]);
    }
}

#[test]
fn what_was_backed_up_is_restored_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let [original, copy, restored] = ["log", "copy", "restored"].map(|name| home.path().join(name));
    let script = batches(30);
    let mut log = open_os(&original);
    for batch in &script {
        append(&mut log.writer, batch);
    }
    let saved = backup(&log.reader, &copy, &OsFiles).unwrap();
    assert_eq!(saved.mark, log.writer.mark());
    assert_eq!(restore(&copy, &restored, &OsFiles).unwrap().mark, saved.mark);
    let mut log = open_os(&restored);
    assert_eq!(all(&log.reader), script.concat());
    append(&mut log.writer, &[Event::new("later-1", 0, 1)]);
    drop(log);
    verify(&restored, &OsFiles, Some(saved.mark)).unwrap();
}

#[test]
fn nothing_is_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let log = open_os(&home.path().join("log"));
    let full = home.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("something"), "precious").unwrap();
    assert!(matches!(backup(&log.reader, &full, &OsFiles), Err(BackupError::NotEmpty(_))));
    drop(log);
    assert!(matches!(
        restore(&home.path().join("log"), &full, &OsFiles),
        Err(BackupError::NotEmpty(_))
    ));
}

#[test]
fn a_damaged_copy_is_not_restored() {
    let disk = written(&batches(30));
    let path = dir().join("0000000002.segment");
    let mut bytes = disk.contents()[&path].clone();
    bytes[200] ^= 1;
    disk.put(&path, &bytes);
    let result = restore(dir(), Path::new("/restored"), &disk);
    assert!(matches!(result, Err(BackupError::Verify(VerifyError::Open(_)))));
    assert!(!disk.contents().keys().any(|path| path.starts_with("/restored")));
}

#[test]
fn a_copy_broken_off_is_never_taken_for_a_shorter_log() {
    let script = batches(12);
    let source = written(&script);
    let copy = Path::new("/copy");
    for step in 1.. {
        let disk = source.fork();
        let log = try_open(&disk).unwrap();
        disk.lose_power_at(disk.steps() + step);
        let result = backup(&log.reader, copy, &disk);
        drop(log);
        let finished = !disk.is_off();
        assert_eq!(result.is_ok(), finished);
        disk.crash(step);
        if let Ok(verified) = verify(copy, &disk, None) {
            assert_eq!(verified.mark.position, script.concat().len() as u64, "step {step}");
        }
        if finished {
            break;
        }
    }
}

#[test]
fn a_restore_broken_off_leaves_nothing_or_all() {
    let script = batches(12);
    let source = written(&script);
    let dest = Path::new("/restored");
    for step in 1.. {
        let disk = source.fork();
        disk.lose_power_at(disk.steps() + step);
        let finished = restore(dir(), dest, &disk).is_ok();
        disk.crash(step);
        if disk.contents().keys().any(|path| path.starts_with(dest)) {
            let log = eventlog::open(dest, Arc::new(disk.clone()), options()).unwrap();
            assert_eq!(all(&log.reader), script.concat(), "step {step}");
        } else {
            assert!(!finished);
            restore(dir(), dest, &disk).unwrap();
        }
        if finished {
            break;
        }
    }
}

#[test]
fn pieces_sent_while_the_log_is_written_to_are_a_copy_as_of_their_beginning() {
    let home = tempfile::tempdir().unwrap();
    let mut log = open_os(&home.path().join("log"));
    let script = batches(60);
    let (before, after) = script.split_at(40);
    for batch in before {
        append(&mut log.writer, batch);
        log.maintenance.step().unwrap();
    }
    let sent = pieces(&log.reader);
    assert!(sent.len() > 1, "several segments");
    for batch in after {
        append(&mut log.writer, batch);
        log.maintenance.step().unwrap();
    }
    let copy = home.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for mut piece in sent {
        // What was broken off before segment 1 is no log.
        verify(&copy, &OsFiles, None).unwrap_err();
        let mut file = std::fs::File::create(copy.join(piece.name())).unwrap();
        let size = piece.size_bytes();
        assert_eq!(std::io::copy(&mut piece, &mut file).unwrap(), size);
    }
    let restored = home.path().join("restored");
    restore(&copy, &restored, &OsFiles).unwrap();
    assert_eq!(all(&open_os(&restored).reader), before.concat());
}
