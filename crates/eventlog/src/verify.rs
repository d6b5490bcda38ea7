//! Verifies a log that is not open: every checksum, every version, every index, and the chain of hashes.

use std::path::Path;

use crate::chain;
use crate::compare;
use crate::files::{Access, Files};
use crate::format::Header;
use crate::hash::{Hash, Mark};
use crate::heads::Heads;
use crate::index::{Disk, Identity, Memory};
use crate::known::Known;
use crate::lock::lock_existing;
use crate::report::{OpenError, Torn};
use crate::scan::{Fault, Scanned};
use crate::segment;

/// A log in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The head's position, and the hash of everything up to it. Keep it elsewhere.
    pub mark: Mark,
    /// How many segments there are.
    pub segments: u64,
    /// How many streams.
    pub streams: u64,
    /// How many bytes they hold, not counting zeros written ahead.
    pub bytes: u64,
    /// A torn last batch, which opening the log will cut.
    pub torn: Option<Torn>,
    /// How many zeros are missing at the end of the last segment; opening the log will put them back.
    pub missing: u64,
    /// Sealed segments whose index is missing or wrong; opening the log will rebuild them.
    pub bad_indexes: Vec<u64>,
}

/// Why a log does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is damaged, in use, or cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is whole, but not the log that was noted.
    #[error(
        "the log is not the one that {expected} was taken from: its hash at that position is {found}"
    )]
    Other {
        /// What was given.
        expected: Mark,
        /// What the log has there.
        found: Hash,
    },
    /// It is whole, but nothing ends at the position noted.
    #[error(
        "the log is not the one that {expected} was taken from: it ends at position {head}, or no batch ends there"
    )]
    NotThere {
        /// What was given.
        expected: Mark,
        /// Where the log ends.
        head: u64,
    },
}

/// Checks all of a log without changing it. `expect` is the mark of an earlier head or of this one: a log that was since
/// only appended to still has it.
pub fn verify(
    dir: &Path,
    files: &dyn Files,
    expect: Option<Mark>,
) -> Result<Verified, VerifyError> {
    verify_known(dir, files, expect, None)
}

/// The same of a log of which something is known: where that is still there, a last segment may lack zeros at its end.
pub fn verify_known(
    dir: &Path,
    files: &dyn Files,
    expect: Option<Mark>,
    known: Option<&Known>,
) -> Result<Verified, VerifyError> {
    let _lock = lock_existing(files, dir)?;
    let is_there =
        |known: &&Known| compare::lost(dir, files, known).is_ok_and(|lost| lost.is_none());
    let whole = check(dir, files, expect.map(|mark| mark.position), known.filter(is_there));
    let whole = whole.map_err(|fault| OpenError::new(dir, fault))?;
    match (expect, whole.found) {
        (Some(expected), None) => {
            Err(VerifyError::NotThere { expected, head: whole.verified.mark.position })
        }
        (Some(expected), Some(found)) if expected.hash != found => {
            Err(VerifyError::Other { expected, found })
        }
        _ => Ok(whole.verified),
    }
}

/// A checked log, and where the content of its segments ends.
pub(crate) struct Whole {
    pub(crate) verified: Verified,
    pub(crate) segments: Vec<(Header, u64)>,
    /// The hash at the position that was asked for.
    found: Option<Hash>,
}

/// Checks all of a log, even while another process has it open: for the hash at the position `wanted`, and with what is `known` of it.
pub(crate) fn check(
    dir: &Path,
    files: &dyn Files,
    wanted: Option<u64>,
    known: Option<&Known>,
) -> Result<Whole, Fault> {
    let count = chain::count_segments(&files.list(dir)?).max(1);
    let headers = chain::read_headers(files, dir, count)?;
    let mut check =
        Check { dir, files, wanted, found: None, heads: Heads::default(), bad_indexes: Vec::new() };
    let mut segments = Vec::new();
    let mut mark = Mark { position: 0, hash: Hash::ZERO };
    let (mut torn, mut missing) = (None, 0);
    for (place, header) in headers.iter().enumerate() {
        let scanned = check.segment(header, headers.get(place + 1))?;
        segments.push((header.clone(), scanned.end));
        torn = chain::torn(header, &scanned);
        missing = scanned.missing;
        chain::check_last(header, &scanned, known)?;
        if scanned.last_batch.is_some() || place == 0 {
            mark = Mark { position: scanned.next_position - 1, hash: Hash::of(&scanned.hasher) };
        }
    }
    if wanted == Some(0) {
        check.found =
            headers.first().map(|header| Hash::of(blake3::Hasher::new().update(&header.encode())));
    }
    let verified = Verified {
        mark,
        segments: count,
        streams: check.heads.len() as u64,
        bytes: segments.iter().map(|(_, end)| end).sum(),
        torn,
        missing,
        bad_indexes: check.bad_indexes,
    };
    Ok(Whole { verified, segments, found: check.found })
}

struct Check<'a> {
    dir: &'a Path,
    files: &'a dyn Files,
    wanted: Option<u64>,
    found: Option<Hash>,
    heads: Heads,
    bad_indexes: Vec<u64>,
}

impl Check<'_> {
    fn segment(&mut self, header: &Header, next: Option<&Header>) -> Result<Scanned, Fault> {
        let file = segment::open(self.files, self.dir, header.number, Access::Read)?;
        let (wanted, found, heads) = (self.wanted, &mut self.found, &mut self.heads);
        let (scanned, memory) = chain::index_segment(&file, header, &mut |records, hasher| {
            if records.last().map(|(_, record)| record.position) == wanted {
                *found = Some(Hash::of(hasher));
            }
            chain::follow(heads, records)
        })?;
        if let Some(next) = next {
            chain::check_sealed(header, &scanned, next)?;
            self.index(header, next, &memory);
        }
        Ok(scanned)
    }

    /// Compares an index file with what it should be. What cannot be read counts as wrong: it is disposable.
    fn index(&mut self, header: &Header, next: &Header, memory: &Memory) {
        let identity = Identity::new(header, next);
        let stored = self.files.open(&segment::index_path(self.dir, header.number), Access::Read);
        let same = stored.and_then(|file| Disk::is_same(&*file, &memory.encode(&identity)));
        if !same.unwrap_or(false) {
            self.bad_indexes.push(header.number);
        }
    }
}
