//! Scans a whole segment file, checks everything in it and classifies its end: clean, torn or damaged.
//!
//! Batch k+1 is written only after batch k is durable, so that a crash can tear the last batch alone, and whatever subset
//! of its sectors reached the disk lies between the last valid batch and zeros. A valid batch behind bytes that are not one
//! is therefore damage, never a crash; so is a file of another length than its header says, since that was synced before
//! the first batch.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::files::{self, Access, File, Files};
use crate::format::{
    BATCH_ALIGN, BATCH_MAGIC, Batch, FORMAT, HEADER_BYTES, HEADER_LEN, Header, HeaderFault, Seal,
};
use crate::index::Span;
use crate::segment::{self, BatchReader, Damage, READ_AHEAD, Source};

/// Why a segment cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Damage(#[from] Damage),
    #[error(
        "the log was written by a newer version of this program (format {0}, this one knows format {FORMAT}): use that one"
    )]
    Newer(u32),
    #[error("a file of the log cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// What a scan found.
pub(crate) struct Scanned {
    /// Where the last valid batch ends.
    pub(crate) end: u64,
    pub(crate) next_position: u64,
    pub(crate) last_batch: Option<Span>,
    /// Of everything up to `end`.
    pub(crate) hasher: blake3::Hasher,
    /// Where the remains of a torn batch end, which begin at `end`.
    pub(crate) torn: Option<u64>,
    /// How many of the zeros at the end of the file are missing. What is there of them shows that no batch follows the last one; all the
    /// same it is damage, unless it is known from elsewhere that the log has all that it had.
    pub(crate) missing: u64,
}

/// What is wrong with a file where something is missing.
pub(crate) const SHORT: &str = "the file is not as long as its header says";

/// Reads a segment's header. Damage is reported at position 1, for lack of a better one.
pub(crate) fn header(files: &dyn Files, dir: &Path, number: u64) -> Result<Header, Fault> {
    let damage = |what| Damage { segment: number, position: 1, offset: 0, what };
    let file = match segment::open(files, dir, number, Access::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damage("its file is missing").into());
        }
        opened => opened?,
    };
    let mut bytes = [0; HEADER_LEN];
    if files::read_full(&*file, 0, &mut bytes)? < bytes.len() {
        return Err(damage("the file is shorter than a header").into());
    }
    let header = Header::decode(&bytes).map_err(|fault| match fault {
        HeaderFault::Newer(format) => Fault::Newer(format),
        HeaderFault::Magic => damage("it does not begin with a segment header").into(),
        HeaderFault::Checksum => damage("the checksum of its header is wrong").into(),
    })?;
    if header.number != number {
        return Err(damage("it is not the segment that its name says").into());
    }
    Ok(header)
}

/// A batch on its way through a scan, and the hasher of all up to its end.
pub(crate) type Visit<'v> = dyn FnMut(Span, &Batch<'_>, &blake3::Hasher) -> Result<(), Damage> + 'v;

/// Checks a segment from its header to its last byte, handing every batch on.
pub(crate) fn scan(
    file: &Arc<dyn File>,
    header: &Header,
    visit: &mut Visit<'_>,
) -> Result<Scanned, Fault> {
    let source = Source { number: header.number, file: file.clone(), seal: Seal::of(header) };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&header.encode());
    let next_position = header.first_position;
    let mut scanned = Scanned {
        end: HEADER_BYTES,
        next_position,
        last_batch: None,
        hasher,
        torn: None,
        missing: 0,
    };
    let length = file.length()?;
    let mut reader = BatchReader::default();
    while let Some(batch) = reader.batch(&source, scanned.end, length, READ_AHEAD)? {
        if batch.first_position != scanned.next_position {
            return Err(damage(header, &scanned, "its positions are not consecutive").into());
        }
        let span = Span { offset: scanned.end, end: scanned.end + batch.bytes.len() as u64 };
        scanned.hasher.update(batch.bytes);
        visit(span, &batch, &scanned.hasher)?;
        scanned.next_position = batch.next_position();
        (scanned.end, scanned.last_batch) = (span.end, Some(span));
    }
    scanned.missing = header.length.saturating_sub(length);
    scanned.torn = last_nonzero(&source, scanned.end, length)?;
    let shows_its_end = length >= scanned.end + BATCH_ALIGN as u64 && scanned.torn.is_none();
    if length > header.length || (scanned.missing > 0 && !shows_its_end) {
        return Err(damage(header, &scanned, SHORT).into());
    }
    if let Some(torn) = scanned.torn
        && valid_batch_within(&source, scanned.end..torn, length)?
    {
        return Err(damage(header, &scanned, "a batch is bad, though valid ones follow").into());
    }
    Ok(scanned)
}

/// Damage right behind the last valid batch.
pub(crate) fn damage(header: &Header, scanned: &Scanned, what: &'static str) -> Damage {
    Damage { segment: header.number, position: scanned.next_position, offset: scanned.end, what }
}

/// Where the last byte that is not zero ends, if there is one.
fn last_nonzero(source: &Source, from: u64, to: u64) -> io::Result<Option<u64>> {
    let step =
        |left: u64| usize::try_from(left.min(READ_AHEAD as u64)).expect("a step fits into memory");
    let mut buffer = vec![0; step(to.saturating_sub(from))];
    let (mut offset, mut found) = (from, None);
    while offset < to {
        let into = buffer.get_mut(..step(to - offset)).unwrap_or_default();
        let read = files::read_full(&*source.file, offset, into)?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        if !all_zero(bytes) {
            found = bytes.iter().rposition(|&byte| byte != 0).map(|last| offset + last as u64 + 1);
        }
        offset += read as u64;
    }
    Ok(found)
}

/// Compared with zeros, which tests many bytes at once, in a debug build too.
fn all_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|chunk| ZEROS.starts_with(chunk))
}

/// Whether a valid batch begins anywhere in a range but at its start, where a bad one does.
fn valid_batch_within(source: &Source, range: Range<u64>, length: u64) -> io::Result<bool> {
    let mut bytes =
        vec![0; usize::try_from(length - range.start).expect("a segment is smaller than memory")];
    files::read_full(&*source.file, range.start, &mut bytes)?;
    let mut rest = bytes.as_slice();
    for offset in range.step_by(BATCH_ALIGN).skip(1) {
        rest = rest.get(BATCH_ALIGN..).unwrap_or_default();
        if rest.starts_with(&BATCH_MAGIC) && Batch::decode(rest, source.seal, offset).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
