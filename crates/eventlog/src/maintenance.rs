//! Writes the indexes of sealed segments, beside the writer, without blocking it.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use crate::files::{self, Access, Files, Lock};
use crate::index::{Disk, Identity, Index};
use crate::segment::{self, Segment};
use crate::shared::Shared;

/// Moves indexes of sealed segments from memory to disk. The owner of the log calls [`Maintenance::step`] now and then, best
/// from a separate thread after an append; without these calls one append per segment is slower.
pub struct Maintenance {
    shared: Arc<Shared>,
    _lock: Arc<Lock>,
}

impl Maintenance {
    pub(crate) fn new(shared: Arc<Shared>, lock: Arc<Lock>) -> Self {
        Self { shared, _lock: lock }
    }

    /// Whether [`Maintenance::step`] would find something to do.
    pub fn is_due(&self) -> bool {
        due(&self.shared).next().is_some()
    }

    /// The first segment whose file was deleted, if there is one: what is recorded in it is gone once the log is closed.
    pub fn deleted(&self) -> Option<u64> {
        let segments = self.shared.segments();
        let deleted =
            segments.iter().find(|segment| matches!(segment.source.file.is_named(), Ok(false)));
        deleted.map(|segment| segment.header.number)
    }

    /// Writes the index of the oldest sealed segment that has none on disk; returns whether there was one. An error is no
    /// harm: the index stays in memory, and the next step tries again.
    pub fn step(&self) -> io::Result<bool> {
        let _held = self.shared.maintenance.lock().unwrap_or_else(PoisonError::into_inner);
        step(&self.shared)
    }
}

/// Called by the writer when it seals a segment: does nothing unless the index of the one before is still not written.
pub(crate) fn catch_up(shared: &Shared) {
    if due(shared).nth(1).is_some()
        && let Ok(_held) = shared.maintenance.try_lock()
    {
        // An index that cannot be written costs memory until the next try, and never an answer.
        _ = step(shared);
    }
}

fn step(shared: &Shared) -> io::Result<bool> {
    let Some((segment, next)) = due(shared).next() else { return Ok(false) };
    let disk = {
        let index = segment.index();
        let Index::Memory(memory) = &*index else { return Ok(true) };
        let identity = Identity::new(&segment.header, &next.header);
        write(&*shared.files, &shared.dir, &identity, &memory.encode(&identity))?
    };
    *segment.index_mut() = Index::Disk(disk);
    Ok(true)
}

/// The sealed segments whose index is in memory, each with the next one.
fn due(shared: &Shared) -> impl Iterator<Item = (Arc<Segment>, Arc<Segment>)> {
    let segments = shared.segments();
    let sealed = segments.windows(2).filter_map(|pair| match pair {
        [segment, next] => Some((segment.clone(), next.clone())),
        _ => None,
    });
    sealed
        .filter(|(segment, _)| matches!(&*segment.index(), Index::Memory(_)))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Writes an index file: aside, synced, then under its name.
pub(crate) fn write(
    files: &dyn Files,
    dir: &Path,
    identity: &Identity,
    bytes: &[u8],
) -> io::Result<Disk> {
    let path = segment::index_path(dir, identity.number);
    let aside = path.with_extension("index.tmp");
    let file = files.create(&aside)?;
    files::write_all(&*file, 0, bytes)?;
    file.sync_all()?;
    files.rename(&aside, &path)?;
    let file = files.open(&path, Access::Read)?;
    Disk::check(file, identity)?
        .ok_or_else(|| io::Error::other("an index file is not what was just written"))
}
