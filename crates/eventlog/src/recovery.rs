//! Opening: takes the lock, checks what is there, cuts a torn batch, rebuilds lost indexes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{self, Access, File, Files, Lock};
use crate::format::{Batch, HEADER_BYTES, Header};
use crate::hash::{Hash, StreamHasher};
use crate::heads::{Head, Heads};
use crate::index::{Disk, Identity, Index, Memory, Span};
use crate::reader::Reader;
use crate::scan::{self, Fault, Scanned};
use crate::segment::{self, Damage, Segment};
use crate::shared::Shared;
use crate::upkeep::{self, Upkeep};
use crate::writer::Writer;

/// How a log is laid out. Given at every opening; what exists already stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The length of a segment file: between 4 KiB and 1 GiB. A batch that is longer gets a longer segment.
    pub segment_bytes: u64,
    /// Random bytes that a new log's checksums begin with, so that no other file's bytes pass for its own.
    pub salt: [u8; 16],
}

impl Options {
    /// Segments of 64 MiB.
    pub const fn new(salt: [u8; 16]) -> Self {
        Self { segment_bytes: 64 << 20, salt }
    }
}

/// An open log.
pub struct Opened {
    /// The one who appends.
    pub writer: Writer,
    /// Clone it for everybody who reads.
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
    /// The segments whose indexes were missing or damaged and were made anew.
    pub rebuilt: Vec<u64>,
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

/// Opens the log in a folder, or makes one there.
///
/// Sealed segments are not read: their indexes are, which are checked, and made anew where they fail. The last segment is
/// read and checked whole. Everything that the answer rests on is durable when this returns.
pub fn open(dir: &Path, files: Arc<dyn Files>, options: Options) -> Result<Opened, OpenError> {
    if !((4 << 10)..=(1 << 30)).contains(&options.segment_bytes) {
        return Err(OpenError::SegmentBytes(options.segment_bytes));
    }
    let failed = |error| OpenError::Io { dir: dir.to_owned(), error };
    create_folder(&*files, dir).map_err(failed)?;
    let lock = files
        .lock(&dir.join(LOCK))
        .map_err(failed)?
        .ok_or_else(|| OpenError::Locked(dir.to_owned()))?;
    let found = Recovery::new(&*files, dir).and_then(|recovery| recovery.run(options));
    let (recovery, hasher) = found.map_err(|fault| OpenError::new(dir, fault))?;
    let Recovery { segments, heads, report, .. } = recovery;
    let salt = segments.first().expect("recovery leaves at least one segment").header.salt;
    let shared = Shared::new((files, dir.to_owned()), salt, segments, heads, report.head);
    let (shared, lock) = (Arc::new(shared), Arc::new(lock));
    let writer = Writer::new((shared.clone(), lock.clone()), options.segment_bytes, hasher);
    let reader = Reader { shared: shared.clone() };
    Ok(Opened { writer, reader, upkeep: Upkeep::new(shared, lock), report })
}

/// The file whose lock says that the log is in use.
pub(crate) const LOCK: &str = "lock";

fn create_folder(files: &dyn Files, dir: &Path) -> io::Result<()> {
    files.create_dir(dir)?;
    dir.parent().map_or(Ok(()), |parent| files.sync_dir(parent))
}

struct Recovery<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    /// How many segment files there are.
    count: u64,
    segments: Vec<Arc<Segment>>,
    heads: Heads,
    report: Report,
}

impl<'a> Recovery<'a> {
    fn new(files: &'a dyn Files, dir: &'a Path) -> Result<Self, Fault> {
        let names = files.list(dir)?;
        for name in names.iter().filter(|name| name.strip_suffix(".tmp").is_some()) {
            files.remove(&dir.join(name))?;
        }
        let count = count_segments(&names);
        let report = Report { segments: count.max(1), created: count == 0, ..Report::default() };
        Ok(Self { files, dir, count, segments: Vec::new(), heads: Heads::default(), report })
    }

    fn run(mut self, options: Options) -> Result<(Self, blake3::Hasher), Fault> {
        if self.count == 0 {
            self.create_first(options)?;
            self.count = 1;
        }
        let headers = read_headers(self.files, self.dir, self.count)?;
        for pair in headers.windows(2) {
            if let [header, next] = pair {
                self.load_sealed(header, next)?;
            }
        }
        let last = headers.last().expect("there is a first segment");
        let hasher = self.load_active(last)?;
        Ok((self, hasher))
    }

    fn create_first(&self, options: Options) -> io::Result<()> {
        let Options { segment_bytes: length, salt } = options;
        let header = Header { salt, number: 1, first_position: 1, length, previous: Hash::ZERO };
        segment::create(self.files, self.dir, &header)?;
        segment::put_in_place(self.files, self.dir, 1)
    }

    fn load_sealed(&mut self, header: &Header, next: &Header) -> Result<(), Fault> {
        let identity = Identity {
            salt: header.salt,
            number: header.number,
            first_position: header.first_position,
            hash: next.previous,
        };
        let file = segment::open(self.files, self.dir, header.number, Access::Read)?;
        let index = match self.stored_index(&identity, next)? {
            Some(disk) => disk,
            None => self.rebuild_index(&file, header, next, &identity)?,
        };
        let first = header.first_position;
        let heads = &mut self.heads;
        let end = index.end();
        let index = Index::Disk(index);
        index.each_stream(&mut |key, entry| {
            heads.set(
                key,
                Head { version: entry.last_version, position: first + u64::from(entry.last) },
            );
        })?;
        self.segments.push(Arc::new(Segment::new(header.clone(), file, end, index)));
        Ok(())
    }

    fn stored_index(&self, identity: &Identity, next: &Header) -> io::Result<Option<Disk>> {
        let file =
            match self.files.open(&segment::index_path(self.dir, identity.number), Access::Read) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
        let disk = Disk::check(file, identity)?;
        Ok(disk.filter(|disk| {
            identity.first_position + u64::from(disk.events()) == next.first_position
        }))
    }

    fn rebuild_index(
        &mut self,
        file: &Arc<dyn File>,
        header: &Header,
        next: &Header,
        identity: &Identity,
    ) -> Result<Disk, Fault> {
        let (scanned, memory) = index_segment(file, header)?;
        check_sealed(header, &scanned, next)?;
        self.report.rebuilt.push(header.number);
        Ok(upkeep::write(self.files, self.dir, identity, &memory.encode(identity))?)
    }

    fn load_active(&mut self, header: &Header) -> Result<blake3::Hasher, Fault> {
        let file = segment::open(self.files, self.dir, header.number, Access::Write)?;
        let (scanned, memory) = index_segment(&file, header)?;
        self.report.torn = torn(header, &scanned);
        self.report.head = scanned.next_position - 1;
        make_durable(&*file, &scanned)?;
        self.files.sync_dir(self.dir)?;
        let index = Index::Memory(memory);
        let first = header.first_position;
        index.each_stream(&mut |key, entry| {
            self.heads.set(
                key,
                Head { version: entry.last_version, position: first + u64::from(entry.last) },
            );
        })?;
        self.segments.push(Arc::new(Segment::new(header.clone(), file, scanned.end, index)));
        Ok(scanned.hasher)
    }
}

/// Checks a segment whole and indexes it in memory.
fn index_segment(file: &Arc<dyn File>, header: &Header) -> Result<(Scanned, Memory), Fault> {
    let keys = StreamHasher::new(&header.salt);
    let mut memory = Memory::new();
    let scanned = scan::scan(file, header, &mut |span: Span, batch: &Batch<'_>, _| {
        let records: Result<Vec<_>, _> = batch.records().collect();
        let records = records.map_err(|_| Damage {
            segment: header.number,
            position: batch.first_position,
            offset: span.offset,
            what: "its records do not fit their batch",
        })?;
        memory.add(span, records.into_iter().map(|record| (keys.key(record.stream), record)));
        Ok(())
    })?;
    Ok((scanned, memory))
}

/// Checks that a sealed segment ends as the next one's header says.
pub(crate) fn check_sealed(
    header: &Header,
    scanned: &Scanned,
    next: &Header,
) -> Result<(), Damage> {
    if scanned.torn.is_some() || scanned.next_position != next.first_position {
        return Err(scan::damage(
            header,
            scanned,
            "its last batch is bad, though a segment follows",
        ));
    }
    if Hash::of(&scanned.hasher) != next.previous {
        let what = "its content is not what the next segment's header vouches for";
        return Err(Damage {
            position: header.first_position,
            offset: HEADER_BYTES,
            ..scan::damage(header, scanned, what)
        });
    }
    Ok(())
}

pub(crate) fn torn(header: &Header, scanned: &Scanned) -> Option<Torn> {
    let (position, offset) = (scanned.next_position, scanned.end);
    scanned.torn.map(|end| Torn { segment: header.number, position, offset, bytes: end - offset })
}

/// Overwrites a torn batch, so that its remains can never be mistaken for anything, and makes the last whole one durable:
/// it may stand in the page cache alone, and after a failed sync the system may believe that it need not be written. So it
/// is written again, the same bytes in the same place, before anybody is told of it.
fn make_durable(file: &dyn File, scanned: &Scanned) -> io::Result<()> {
    if let Some(end) = scanned.torn {
        files::write_zeros(file, scanned.end, end)?;
    }
    if let Some(Span { offset, end }) = scanned.last_batch {
        let mut bytes =
            vec![0; usize::try_from(end - offset).expect("a batch is smaller than memory")];
        files::read_full(file, offset, &mut bytes)?;
        files::write_all(file, offset, &bytes)?;
    }
    file.sync_all()
}

/// How many segments a folder with these files must have: an index is written only once the next segment is there.
pub(crate) fn count_segments(names: &[String]) -> u64 {
    let segments = names.iter().filter_map(|name| segment::number_in(name, ".segment"));
    let indexed =
        names.iter().filter_map(|name| segment::number_in(name, ".index")).map(|number| number + 1);
    segments.chain(indexed).max().unwrap_or(0)
}

/// The headers of all segments, which must be of one log and follow one another.
pub(crate) fn read_headers(
    files: &dyn Files,
    dir: &Path,
    count: u64,
) -> Result<Vec<Header>, Fault> {
    let mut headers: Vec<Header> = Vec::new();
    for number in 1..=count {
        let position = headers.last().map_or(1, |previous| previous.first_position);
        let header = scan::header(files, dir, number, position)?;
        let follows = match headers.last() {
            None => header.first_position == 1 && header.previous == Hash::ZERO,
            Some(previous) => {
                header.salt == previous.salt && header.first_position >= previous.first_position
            }
        };
        if !follows {
            return Err(Damage {
                segment: number,
                position,
                offset: 0,
                what: "its header does not follow on",
            }
            .into());
        }
        headers.push(header);
    }
    Ok(headers)
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
