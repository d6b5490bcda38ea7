//! A consistent copy of a log while it is written to, and its restore.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{self, Access, File, Files};
use crate::format::Header;
use crate::hash::Mark;
use crate::reader::Reader;
use crate::segment;
use crate::verify::{self, Verified, VerifyError};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The destination holds something already.
    #[error("{0} is not empty: name an empty folder, or one that does not exist")]
    NotEmpty(PathBuf),
    /// The source, or the copy, is not whole.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The copy is whole, and yet another log than the source.
    #[error("the copy ends with {copy}, the source with {source_mark}")]
    Differs {
        /// The source's head.
        source_mark: Mark,
        /// The copy's.
        copy: Mark,
    },
    /// The system refused.
    #[error("{path} cannot be written: {error}")]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

/// Copies what is durable now, while the writer continues, and verifies the copy: its mark is that of the log at its head.
///
/// Segment 1 is put in place last, so that a copy that was broken off is refused, not taken for a shorter log.
pub fn backup(reader: &Reader, dest: &Path, files: &dyn Files) -> Result<Verified, BackupError> {
    require_empty(files, dest)?;
    copy(&parts(reader), dest, files)
        .map_err(|error| BackupError::Io { path: dest.to_owned(), error })?;
    Ok(verify::verify(dest, files, None)?)
}

/// A file of a streamed backup, made while the writer continues: the durable part of a segment. Read with [`io::Read`].
pub struct Piece {
    part: Part,
    read: u64,
}

/// The files of a backup as of now, to be sent in this order: segment 1 comes last, so that a copy that was broken off is refused, not
/// taken for a shorter log. The receiver verifies it, as [`restore`] does.
#[must_use]
pub fn pieces(reader: &Reader) -> Vec<Piece> {
    parts(reader).into_iter().rev().map(|part| Piece { part, read: 0 }).collect()
}

impl Piece {
    /// The name of the file.
    #[must_use]
    pub fn name(&self) -> String {
        segment::file_name(self.part.header.number)
    }

    /// How much there is to read in all: a segment has its length from the beginning, what is not written yet as zeros.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.part.header.length
    }
}

impl io::Read for Piece {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let is_written = self.read < self.part.end;
        let end = if is_written { self.part.end } else { self.size_bytes() };
        let left = usize::try_from(end.saturating_sub(self.read)).unwrap_or(usize::MAX);
        let wanted = into.len().min(left);
        let into = into.get_mut(..wanted).unwrap_or_default();
        let read = if is_written {
            self.part.file.read_at(self.read, into)?
        } else {
            into.fill(0);
            wanted
        };
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read += read as u64;
        Ok(read)
    }
}

/// Puts a copy of the log in `src` where `dest` is to be, a folder that is empty or does not exist. The source is verified,
/// then the copy, before it gets its name. A torn last batch is left behind.
pub fn restore(src: &Path, dest: &Path, files: &dyn Files) -> Result<Verified, BackupError> {
    require_empty(files, dest)?;
    let failed = |error| BackupError::Io { path: dest.to_owned(), error };
    let _lock = crate::lock::lock_existing(files, src).map_err(VerifyError::from)?;
    let whole = verify::check(src, files, None, None);
    let whole = whole.map_err(|fault| VerifyError::from(crate::OpenError::new(src, fault)))?;
    let mut parts = Vec::new();
    for (header, end) in whole.segments {
        let file = segment::open(files, src, header.number, Access::Read).map_err(failed)?;
        parts.push(Part { header, file, end });
    }
    let aside = dest.with_added_extension("restoring");
    clear(files, &aside).and_then(|()| copy(&parts, &aside, files)).map_err(failed)?;
    let copied = verify::verify(&aside, files, None)?;
    if copied.mark != whole.verified.mark {
        return Err(BackupError::Differs { source_mark: whole.verified.mark, copy: copied.mark });
    }
    let parent = dest.parent().unwrap_or(Path::new(""));
    files.rename(&aside, dest).and_then(|()| files.sync_dir(parent)).map_err(failed)?;
    Ok(copied)
}

/// A segment, and how much of it to copy.
struct Part {
    header: Header,
    file: Arc<dyn File>,
    end: u64,
}

/// All that is durable now.
fn parts(reader: &Reader) -> Vec<Part> {
    let segments = reader.shared.segments();
    let parts = segments.iter().map(|segment| Part {
        header: segment.header.clone(),
        file: segment.source.file.clone(),
        end: segment.end(),
    });
    parts.collect()
}

fn require_empty(files: &dyn Files, dest: &Path) -> Result<(), BackupError> {
    match files.list(dest) {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => Err(BackupError::NotEmpty(dest.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::Io { path: dest.to_owned(), error }),
    }
}

/// Removes what an earlier restore that was broken off has left.
fn clear(files: &dyn Files, aside: &Path) -> io::Result<()> {
    match files.list(aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        names => names?.iter().try_for_each(|name| files.remove(&aside.join(name))),
    }
}

fn copy(parts: &[Part], dest: &Path, files: &dyn Files) -> io::Result<()> {
    files.create_dir(dest)?;
    for part in parts.iter().rev() {
        let file = segment::create(files, dest, &part.header)?;
        copy_content(part, &*file)?;
        file.sync_all()?;
        segment::put_in_place(files, dest, part.header.number)?;
    }
    dest.parent().map_or(Ok(()), |parent| files.sync_dir(parent))
}

fn copy_content(part: &Part, to: &dyn File) -> io::Result<()> {
    const STEP: u64 = 1 << 20;
    let mut buffer = vec![0; usize::try_from(part.end.min(STEP)).expect("a step fits into memory")];
    let mut offset = 0;
    while offset < part.end {
        let wanted =
            usize::try_from((part.end - offset).min(STEP)).expect("a step fits into memory");
        let read =
            files::read_full(&*part.file, offset, buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        files::write_all(to, offset, buffer.get(..read).unwrap_or_default())?;
        offset += read as u64;
    }
    Ok(())
}
