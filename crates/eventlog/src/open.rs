//! Opening a log: what is known of it is compared first, then it is locked and recovered.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::compare;
use crate::files::Files;
use crate::lock::LOCK;
use crate::maintenance::Maintenance;
use crate::options::Options;
use crate::reader::Reader;
use crate::recovery::Recovery;
use crate::report::{OpenError, Report};
use crate::shared::Shared;
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
    let lost = options.known.map(|known| compare::compare(dir, &*files, &known)).transpose()?;
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
    let shared = Shared::new(files, dir.to_owned(), segments, heads, report.head);
    let (shared, lock) = (Arc::new(shared), Arc::new(lock));
    let writer = Writer::new(shared.clone(), lock.clone(), options.segment_bytes, hasher);
    shared.set_mark(writer.mark());
    let reader = Reader { shared: shared.clone() };
    Ok(Opened { writer, reader, maintenance: Maintenance::new(shared, lock), report })
}

fn create_folder(files: &dyn Files, dir: &Path) -> io::Result<()> {
    files.create_dir(dir)?;
    dir.parent().map_or(Ok(()), |parent| files.sync_dir(parent))
}

/// An open log.
pub struct Opened {
    /// The one who appends.
    pub writer: Writer,
    /// Clone it for each reader.
    pub reader: Reader,
    /// Looks after what can be done beside writing.
    pub maintenance: Maintenance,
    /// What was found.
    pub report: Report,
}
