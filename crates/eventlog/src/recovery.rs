//! Recovery at open: checks the files, truncates a torn batch, rebuilds lost indexes, makes all of it durable.
//!
//! What a crash leaves at each step, and how recovery handles it:
//!
//! | while | is left | then |
//! | --- | --- | --- |
//! | writing zeros ahead | zeros, or holes that read as zeros | nothing to do |
//! | writing or syncing a batch | any of its sectors behind the last batch | whole: kept; else: cut and reported |
//! | creating a segment | a file named `.tmp` | removed |
//! | giving it its name | the old name or the new; it is empty | removed, or written to |
//! | writing an index | a file named `.tmp`, or no index | removed, rebuilt |
//! | cutting a torn batch | any of its sectors | cut |
//!
//! A last segment that lacks zeros at its end, which no crash leaves, is extended again if what is known of the log proves it complete.
//!
//! A process that was killed leaves the same, but unsynced: so the last segment and the folder are synced first of all.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::chain;
use crate::files::{self, Access, File, Files};
use crate::format::Header;
use crate::hash::Hash;
use crate::heads::{Head, Heads};
use crate::index::{Disk, Identity, Index, Span};
use crate::known::Known;
use crate::maintenance;
use crate::options::Options;
use crate::report::Report;
use crate::scan::{Fault, Scanned};
use crate::segment::{self, Segment};

/// A log on its way to being open.
pub(crate) struct Recovery<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    /// How many segment files there are.
    count: u64,
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) heads: Heads,
    pub(crate) report: Report,
}

impl<'a> Recovery<'a> {
    pub(crate) fn new(files: &'a dyn Files, dir: &'a Path) -> Result<Self, Fault> {
        let names = files.list(dir)?;
        for name in names.iter().filter(|name| segment::is_unfinished(name)) {
            files.remove(&dir.join(name))?;
        }
        let count = chain::count_segments(&names);
        let report = Report { segments: count.max(1), created: count == 0, ..Report::default() };
        Ok(Self { files, dir, count, segments: Vec::new(), heads: Heads::default(), report })
    }

    /// Does all of it; the hasher is that of the last segment's content.
    pub(crate) fn run(mut self, options: Options) -> Result<(Self, blake3::Hasher), Fault> {
        if self.count == 0 {
            self.create_first(options)?;
            self.count = 1;
        }
        let headers = chain::read_headers(self.files, self.dir, self.count)?;
        for pair in headers.windows(2) {
            if let [header, next] = pair {
                self.load_sealed(header, next)?;
            }
        }
        let last = headers.last().expect("there is a first segment");
        let hasher = self.load_active(last, options.known.as_ref())?;
        Ok((self, hasher))
    }

    fn create_first(&self, options: Options) -> io::Result<()> {
        let Options { segment_bytes: length, salt, .. } = options;
        let header = Header { salt, number: 1, first_position: 1, length, previous: Hash::ZERO };
        segment::create(self.files, self.dir, &header)?;
        segment::put_in_place(self.files, self.dir, 1)
    }

    fn load_sealed(&mut self, header: &Header, next: &Header) -> Result<(), Fault> {
        let file = segment::open(self.files, self.dir, header.number, Access::Read)?;
        let index = match self.stored_index(header, next) {
            Some(disk) => Index::Disk(disk),
            None => self.rebuild_index(&file, header, next)?,
        };
        let (heads, first) = (&mut self.heads, header.first_position);
        index.each_stream(&mut |key, entry| {
            let position = first + u64::from(entry.last);
            heads.set(key, Head { version: entry.last_version, position });
        })?;
        self.segments.push(Arc::new(Segment::new(header.clone(), file, index.end(), index)));
        Ok(())
    }

    /// The index file, if it is whole and fits. One that cannot be read is as good as none.
    fn stored_index(&self, header: &Header, next: &Header) -> Option<Disk> {
        let file =
            self.files.open(&segment::index_path(self.dir, header.number), Access::Read).ok()?;
        let disk = Disk::check(file, &Identity::new(header, next)).ok().flatten()?;
        (header.first_position + u64::from(disk.events()) == next.first_position).then_some(disk)
    }

    /// An index that cannot be written stays in memory, for maintenance to try again.
    fn rebuild_index(
        &mut self,
        file: &Arc<dyn File>,
        header: &Header,
        next: &Header,
    ) -> Result<Index, Fault> {
        let (scanned, memory) = chain::index_segment(file, header, &mut |_, _| Ok(()))?;
        chain::check_sealed(header, &scanned, next)?;
        self.report.rebuilt.push(header.number);
        let identity = Identity::new(header, next);
        let written =
            maintenance::write(self.files, self.dir, &identity, &memory.encode(&identity));
        Ok(written.map_or_else(|_| Index::Memory(memory), Index::Disk))
    }

    fn load_active(
        &mut self,
        header: &Header,
        known: Option<&Known>,
    ) -> Result<blake3::Hasher, Fault> {
        let file = segment::open(self.files, self.dir, header.number, Access::Write)?;
        let heads = &mut self.heads;
        let (scanned, memory) =
            chain::index_segment(&file, header, &mut |records, _| chain::follow(heads, records))?;
        chain::check_last(header, &scanned, known)?;
        if scanned.missing > 0 {
            file.set_length(header.length)?;
        }
        self.report.extended = scanned.missing;
        self.report.torn = chain::torn(header, &scanned);
        self.report.head = scanned.next_position - 1;
        make_durable(&*file, &scanned)?;
        self.files.sync_dir(self.dir)?;
        let index = Index::Memory(memory);
        self.segments.push(Arc::new(Segment::new(header.clone(), file, scanned.end, index)));
        Ok(scanned.hasher)
    }
}

/// Overwrites a torn batch, so that its remains can never be mistaken for anything, and makes the last whole one durable:
/// it may be in the page cache alone, and after a failed sync the system may believe that it need not be written. So it
/// is written again, the same bytes in the same place, before it is acknowledged.
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
