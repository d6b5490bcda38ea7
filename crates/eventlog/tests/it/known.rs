//! A log must still have what it is known to have had, or it is refused before anything is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventlog::{
    Hash, Known, Lost, OpenError, Opened, Options, OsFiles, compare, open, verify_known,
};

use crate::support::{Event, SALT, all, append, batches, open_os, options};

/// A log of several segments in a folder, and what is known of it.
struct Kept {
    folder: tempfile::TempDir,
    known: Known,
}

impl Kept {
    fn new(salt: [u8; 16]) -> Self {
        Self::of(salt, &batches(30))
    }

    fn of(salt: [u8; 16], batches: &[Vec<Event>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("log");
        let mut log = open(&dir, Arc::new(OsFiles), Options { salt, ..options() }).unwrap();
        for batch in batches {
            append(&mut log.writer, batch);
            while log.maintenance.step().unwrap() {}
        }
        let known = log.reader.known().unwrap();
        assert_eq!(known.position, log.writer.head());
        drop(log);
        Self { folder, known }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn open(&self, accept_loss: bool) -> Result<Opened, OpenError> {
        let options = Options { known: Some(self.known), accept_loss, ..options() };
        open(&self.dir(), Arc::new(OsFiles), options)
    }

    /// The log is refused and left as it is, then opened with what it has.
    fn loses(&self) -> Lost {
        let before = content(&self.dir());
        let compared = compare(&self.dir(), &OsFiles, &self.known).unwrap();
        let Err(OpenError::Lost(lost)) = self.open(false) else { panic!("it was opened") };
        assert_eq!(compared, Some(lost.clone()));
        assert_eq!(content(&self.dir()), before, "nothing was changed");
        assert_eq!(self.open(true).unwrap().report.lost, Some(lost.clone()));
        lost
    }

    /// The last segment and where its content ends.
    fn last_segment(&self) -> (PathBuf, usize) {
        let names = content(&self.dir());
        let (name, bytes) = names.iter().rfind(|(name, _)| name.ends_with(".segment")).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        (self.dir().join(name), end)
    }
}

/// All files of a folder; none if it is not there.
fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(dir) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
        })
        .collect()
}

#[test]
fn a_whole_log_is_opened_however_much_was_recorded_since() {
    for known_batches in [0, 1, 7, 30] {
        let all_of_them = batches(30);
        let (known, rest) = all_of_them.split_at(known_batches);
        let kept = Kept::of(SALT, known);
        let mut log = kept.open(false).unwrap();
        for batch in rest {
            append(&mut log.writer, batch);
        }
        drop(log);
        assert_eq!(kept.open(false).unwrap().report.lost, None);
    }
}

#[test]
fn a_log_that_is_gone_is_refused_and_no_folder_is_made() {
    for kept in [Kept::new(SALT), Kept::of(SALT, &[])] {
        fs::remove_dir_all(kept.dir()).unwrap();
        assert!(matches!(kept.open(false), Err(OpenError::Lost(Lost::Gone { .. }))));
        assert!(!kept.dir().exists());
        // A volume that is not mounted leaves an empty folder.
        fs::create_dir(kept.dir()).unwrap();
        assert_eq!(kept.loses(), Lost::Gone { position: kept.known.position });
    }
}

#[test]
fn a_lost_last_segment_is_missed() {
    let kept = Kept::new(SALT);
    let (last, _) = kept.last_segment();
    fs::remove_file(&last).unwrap();
    let number: u64 = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    // Its index is what would have told.
    fs::remove_file(kept.dir().join(format!("{:010}.index", number - 1))).unwrap();
    let Lost::Shorter { head, position } = kept.loses() else { panic!("another loss") };
    assert!(head < position && position == kept.known.position, "{head} {position}");
}

#[test]
fn a_cut_tail_is_missed() {
    let kept = Kept::new(SALT);
    let (last, end) = kept.last_segment();
    let mut bytes = fs::read(&last).unwrap();
    let batch = bytes.windows(4).rposition(|bytes| bytes == b"btch").unwrap();
    bytes[batch..end].fill(0);
    fs::write(&last, bytes).unwrap();
    assert!(matches!(kept.loses(), Lost::Shorter { .. }));
}

#[test]
fn a_damaged_last_batch_that_was_acknowledged_is_damage_and_not_cut() {
    let kept = Kept::new(SALT);
    let (last, end) = kept.last_segment();
    let mut bytes = fs::read(&last).unwrap();
    bytes[end - 3] ^= 1;
    fs::write(&last, bytes).unwrap();
    let lost = kept.loses();
    let Lost::Damaged(damage) = &lost else { panic!("{lost}") };
    assert!(damage.position <= kept.known.position);
    assert!(lost.to_string().contains("acknowledged; restore a backup"), "{lost}");
}

#[test]
fn a_torn_batch_behind_what_is_known_is_cut_as_ever() {
    let kept = Kept::new(SALT);
    let mut log = kept.open(false).unwrap();
    append(&mut log.writer, &[Event::new("late-1", 0, 999)]);
    drop(log);
    let (last, end) = kept.last_segment();
    let mut bytes = fs::read(&last).unwrap();
    bytes[end - 3] ^= 1;
    fs::write(&last, &bytes).unwrap();
    // A client that has seen it knows better.
    let mut wiser = Known { reached: kept.known.position + 1, ..kept.known };
    assert!(matches!(compare(&kept.dir(), &OsFiles, &wiser), Ok(Some(Lost::Damaged(_)))));
    wiser.reached = kept.known.position;
    assert_eq!(compare(&kept.dir(), &OsFiles, &wiser).unwrap(), None);
    let opened = kept.open(false).unwrap();
    assert!(opened.report.torn.is_some());
    assert_eq!(opened.report.head, kept.known.position);
}

#[test]
fn another_log_is_refused_even_if_it_is_longer() {
    let kept = Kept::new(SALT);
    // Other events, under the same salt and under another one.
    let mut others = batches(40);
    others.iter_mut().flatten().for_each(|event| event.id[15] = 1);
    for salt in [SALT, *b"another log's..."] {
        let other = Kept::of(salt, &others);
        let other = Kept { known: kept.known, ..other };
        assert_eq!(other.loses(), Lost::Other { position: kept.known.position });
    }
}

#[test]
fn a_copy_made_event_by_event_is_recognised() {
    let kept = Kept::new(SALT);
    let copy = Kept::new(*b"the salt of a cp");
    let copy = Kept { known: kept.known, ..copy };
    assert_eq!(copy.open(false).unwrap().report.lost, None);
    let known = Known { event: None, ..kept.known };
    assert!(matches!(compare(&copy.dir(), &OsFiles, &known), Ok(Some(Lost::Other { .. }))));
    let known = Known { log: None, ..kept.known };
    assert_eq!(compare(&copy.dir(), &OsFiles, &known).unwrap(), None);
}

#[test]
fn a_rewritten_history_of_the_same_ids_is_refused_by_its_hash() {
    let kept = Kept::new(SALT);
    let known = Known { log: Some((SALT, Hash::from_bytes([7; 32]))), ..kept.known };
    assert!(matches!(compare(&kept.dir(), &OsFiles, &known), Ok(Some(Lost::Other { .. }))));
}

#[test]
fn damage_in_the_middle_stays_damage() {
    let kept = Kept::new(SALT);
    let first = kept.dir().join("0000000001.segment");
    let mut bytes = fs::read(&first).unwrap();
    bytes[300] ^= 1;
    fs::write(&first, bytes).unwrap();
    let known = Known { position: 3, event: None, log: None, reached: 0 };
    assert!(matches!(compare(&kept.dir(), &OsFiles, &known), Err(OpenError::Damage(_))));
}

#[test]
fn a_log_in_use_is_not_compared() {
    let kept = Kept::new(SALT);
    let _log = kept.open(false).unwrap();
    assert!(matches!(kept.open(false), Err(OpenError::Locked(_))));
}

#[test]
fn files_deleted_under_an_open_log_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open_os(folder.path());
    for batch in &batches(30) {
        append(&mut log.writer, batch);
    }
    assert_eq!(log.maintenance.deleted(), None);
    fs::remove_file(folder.path().join("0000000002.segment")).unwrap();
    assert_eq!(log.maintenance.deleted(), Some(2));
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(log.maintenance.deleted(), Some(1));
    assert_eq!(all(&log.reader).len() as u64, log.writer.head(), "what is open can be read");
}

/// Cuts a file to this length.
fn cut(path: &Path, length: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[test]
fn missing_zeros_are_put_back_only_where_what_is_known_vouches_for_the_log() {
    let whole = Kept::new(SALT);
    let (last, end) = whole.last_segment();
    let (full, end) = (fs::metadata(&last).unwrap().len(), end.next_multiple_of(8) as u64);
    assert!(end + 8 < full);
    for length in [full - 1, full - 10, end + 8] {
        let kept = Kept::new(SALT);
        let (last, _) = kept.last_segment();
        cut(&last, length);
        let verified = verify_known(&kept.dir(), &OsFiles, None, Some(&kept.known))
            .expect("it is vouched for");
        assert_eq!(
            (verified.missing, verified.mark.position),
            (full - length, kept.known.position)
        );
        // Without the hash of it, with that of another log or of none, it stays damage.
        let before = content(&kept.dir());
        for known in [
            None,
            Some(Known { log: None, ..kept.known }),
            Some(Known { log: kept.known.log.map(|(_, hash)| ([1; 16], hash)), ..kept.known }),
            Some(Known::default()),
        ] {
            verify_known(&kept.dir(), &OsFiles, None, known.as_ref()).expect_err("not vouched for");
            let refused = open(&kept.dir(), Arc::new(OsFiles), Options { known, ..options() });
            assert!(matches!(refused, Err(OpenError::Damage(_))), "{known:?}");
        }
        assert_eq!(content(&kept.dir()), before, "nothing was changed");
        let mut log = kept.open(false).unwrap();
        assert_eq!((log.report.extended, log.report.head), (full - length, kept.known.position));
        append(&mut log.writer, &[Event::new("c-1", 0, 9)]);
        drop(log);
        assert_eq!(fs::metadata(&last).unwrap().len(), full);
        assert_eq!(kept.open(false).unwrap().report.extended, 0);
    }
    // Where the file ends with its last batch, or within it, another one may have followed.
    for length in [end, end + 7, end - 8] {
        let kept = Kept::new(SALT);
        cut(&kept.last_segment().0, length);
        let before = content(&kept.dir());
        kept.open(false).err().expect("refused");
        verify_known(&kept.dir(), &OsFiles, None, Some(&kept.known)).expect_err("refused");
        assert_eq!(content(&kept.dir()), before, "nothing was changed");
    }
}

#[test]
fn missing_zeros_of_a_sealed_segment_stay_damage() {
    let kept = Kept::new(SALT);
    let first = kept.dir().join("0000000001.segment");
    cut(&first, fs::metadata(&first).unwrap().len() - 1);
    verify_known(&kept.dir(), &OsFiles, None, Some(&kept.known)).expect_err("damaged");
}
