//! Opening a log: its options, its report, and its errors.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{Files, Lock};
use crate::known::{self, Known, Lost};
use crate::reader::Reader;
use crate::recovery::Recovery;
use crate::scan::Fault;
use crate::segment::Damage;
use crate::shared::Shared;
use crate::upkeep::Upkeep;
use crate::writer::Writer;

/// Opens the log in a folder, or makes one there.
///
/// Sealed segments are not read: their indexes are, which are checked, and rebuilt where they fail. The last segment is
/// read and checked whole. Everything that the answer rests on is durable when this returns.
///
/// With [`Options::known`], a log that no longer has what it is known to have had is refused before anything is written.
pub fn open(dir: &Path, files: Arc<dyn Files>, options: Options) -> Result<Opened, OpenError> {
    if !((4 << 10)..=(1 << 30)).contains(&options.segment_bytes) {
        return Err(OpenError::SegmentBytes(options.segment_bytes));
    }
    let lost = options.known.map(|known| known::compare(dir, &*files, &known)).transpose()?;
    let lost = lost.flatten();
    if let Some(lost) = lost.clone().filter(|_| !options.accept_loss) {
        return Err(OpenError::Lost(lost));
    }
    let failed = |error| OpenError::Io { dir: dir.to_owned(), error };
    create_folder(&*files, dir).map_err(failed)?;
    let lock = files
        .lock(&dir.join(LOCK))
        .map_err(failed)?
        .ok_or_else(|| OpenError::Locked(dir.to_owned()))?;
    let options = Options { known: options.known.filter(|_| lost.is_none()), ..options };
    let found = Recovery::new(&*files, dir).and_then(|recovery| recovery.run(options));
    let (recovery, hasher) = found.map_err(|fault| OpenError::new(dir, fault))?;
    let Recovery { segments, heads, report, .. } = recovery;
    let report = Report { lost, ..report };
    let salt = segments.first().expect("recovery leaves at least one segment").header.salt;
    let shared = Shared::new((files, dir.to_owned()), salt, segments, heads, report.head);
    let (shared, lock) = (Arc::new(shared), Arc::new(lock));
    let writer = Writer::new((shared.clone(), lock.clone()), options.segment_bytes, hasher);
    shared.set_mark(writer.mark());
    let reader = Reader { shared: shared.clone() };
    Ok(Opened { writer, reader, upkeep: Upkeep::new(shared, lock), report })
}

/// The file that is locked while the log is in use.
pub(crate) const LOCK: &str = "lock";

fn create_folder(files: &dyn Files, dir: &Path) -> io::Result<()> {
    files.create_dir(dir)?;
    dir.parent().map_or(Ok(()), |parent| files.sync_dir(parent))
}

/// How a log is laid out. Given at every opening; what exists already stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The length of a segment file: between 4 KiB and 1 GiB. A batch that is longer gets a longer segment. An open log
    /// keeps two files open per segment.
    pub segment_bytes: u64,
    /// Random bytes that a new log's checksums begin with, so that no other file's bytes pass for its own.
    pub salt: [u8; 16],
    /// What the log must have, if it is known from elsewhere. Without it, a folder with no log gets a new one, and a last batch that
    /// is not whole counts as torn by a crash.
    pub known: Option<Known>,
    /// Opens the log with what it has, whatever else is known; [`Report::lost`] then says what is permanently lost.
    pub accept_loss: bool,
}

impl Options {
    /// Segments of 64 MiB, and nothing known.
    pub const fn new(salt: [u8; 16]) -> Self {
        Self { segment_bytes: 64 << 20, salt, known: None, accept_loss: false }
    }
}

/// An open log.
pub struct Opened {
    /// The one who appends.
    pub writer: Writer,
    /// Clone it for each reader.
    pub reader: Reader,
    /// Looks after what can be done beside writing.
    pub upkeep: Upkeep,
    /// What was found.
    pub report: Report,
}

/// What opening a log found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The last position.
    pub head: u64,
    /// How many segments there are.
    pub segments: u64,
    /// Whether the log is new.
    pub created: bool,
    /// A torn last batch that was cut.
    pub torn: Option<Torn>,
    /// How many zeros at the end of the last segment were missing and were put back.
    pub extended: u64,
    /// The segments whose indexes were missing or damaged and were rebuilt.
    pub rebuilt: Vec<u64>,
    /// What it no longer has of what was known, if that was accepted.
    pub lost: Option<Lost>,
}

/// A last batch that was not whole, as a crash while writing leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The segment's number.
    pub segment: u64,
    /// The first position it would have had.
    pub position: u64,
    /// Where in the file it began.
    pub offset: u64,
    /// How long its remains were.
    pub bytes: u64,
}

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the log in {0} is in use by another process: stop that one first")]
    Locked(PathBuf),
    /// Its format is one of the future.
    #[error(
        "the log in {dir} was written by a newer version of this program (format {format}, this one knows format 1): use that one"
    )]
    Newer {
        /// The log's folder.
        dir: PathBuf,
        /// The format it has.
        format: u32,
    },
    /// It is not what was written.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// It no longer has what it is known to have had. Nothing was changed.
    #[error(transparent)]
    Lost(Lost),
    /// Options out of range.
    #[error("segments have between 4 KiB and 1 GiB, not {0} bytes")]
    SegmentBytes(u64),
    /// The system refused.
    #[error("the log in {dir} cannot be opened: {error}")]
    Io {
        /// The log's folder.
        dir: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn new(dir: &Path, fault: Fault) -> Self {
        let dir = dir.to_owned();
        match fault {
            Fault::Damage(damage) => Self::Damage(damage),
            Fault::Newer(format) => Self::Newer { dir, format },
            Fault::Io(error) => Self::Io { dir, error },
        }
    }
}

/// Takes the lock of a log that is only looked at, if there is anything to lock.
pub(crate) fn lock_existing(files: &dyn Files, dir: &Path) -> Result<Option<Lock>, OpenError> {
    let failed = |error| OpenError::Io { dir: dir.to_owned(), error };
    let names = files.list(dir).map_err(failed)?;
    if !names.iter().any(|name| name == LOCK) {
        return Ok(None);
    }
    let lock = files.lock(&dir.join(LOCK)).map_err(failed)?;
    lock.map(Some).ok_or_else(|| OpenError::Locked(dir.to_owned()))
}
