//! Checks that a log still has what is known of it from elsewhere. Read-only: runs before anything is written.

use std::io;
use std::path::Path;

use crate::chain;
use crate::files::{Access, Files};
use crate::format::Header;
use crate::hash::Hash;
use crate::known::{Known, Lost};
use crate::lock::lock_existing;
use crate::report::OpenError;
use crate::scan::{self, Fault};
use crate::segment::{self, Damage};

/// Compares the log in a folder with what is known of it, without changing anything.
pub fn compare(dir: &Path, files: &dyn Files, known: &Known) -> Result<Option<Lost>, OpenError> {
    let _lock = match lock_existing(files, dir) {
        Err(OpenError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => None,
        locked => locked?,
    };
    lost(dir, files, known).map_err(|fault| OpenError::new(dir, fault))
}

/// The same, for who holds the lock.
pub(crate) fn lost(dir: &Path, files: &dyn Files, known: &Known) -> Result<Option<Lost>, Fault> {
    let position = known.position.max(known.reached);
    let names = match files.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    let count = chain::count_segments(&names);
    if count == 0 {
        let was_there = position > 0 || known.log.is_some();
        return Ok(was_there.then_some(Lost::Gone { position }));
    }
    let headers = chain::read_headers(files, dir, count)?;
    let holder = headers.partition_point(|header| header.first_position <= known.position.max(1));
    let holder = holder.saturating_sub(1);
    let look = |number: usize| {
        let (header, next) = (headers.get(number), headers.get(number + 1));
        header.map_or_else(|| Ok(Found::default()), |header| look(dir, files, header, next, known))
    };
    let last = headers.len() - 1;
    let mut found = look(holder)?;
    // The end of the log matters only where what is known may lie behind it.
    if headers.last().is_some_and(|last| last.first_position <= position) {
        let mut end = if holder == last { None } else { Some(look(last)?) };
        let end = end.as_mut().unwrap_or(&mut found);
        if end.head < position {
            let shorter = Lost::Shorter { head: end.head, position };
            return Ok(Some(end.torn.take().map_or(shorter, Lost::Damaged)));
        }
    }
    let is_same = found.is(known, headers.first());
    Ok((!is_same).then_some(Lost::Other { position: known.position }))
}

/// What a segment has at a position, and at its end.
#[derive(Default)]
struct Found {
    event: Option<[u8; 16]>,
    hash: Option<Hash>,
    head: u64,
    /// The remains of a batch behind the head.
    torn: Option<Damage>,
}

impl Found {
    fn is(&self, known: &Known, first: Option<&Header>) -> bool {
        match (known.log, known.event) {
            _ if known.position == 0 => true,
            (Some((salt, hash)), _) if first.is_some_and(|first| first.salt == salt) => {
                self.hash == Some(hash)
            }
            (_, Some(event)) => self.event == Some(event),
            // Of another log, and nothing is known by which its copy could be recognised.
            (Some(_), None) => false,
            (None, None) => true,
        }
    }
}

/// Looks into a segment; one that is not the last is vouched for by the next.
fn look(
    dir: &Path,
    files: &dyn Files,
    header: &Header,
    next: Option<&Header>,
    known: &Known,
) -> Result<Found, Fault> {
    let position = known.position;
    let file = segment::open(files, dir, header.number, Access::Read)?;
    let mut found = Found::default();
    let scanned = scan::scan(&file, header, &mut |_, batch, hasher| {
        if (batch.first_position..batch.next_position()).contains(&position) {
            let mut records = batch.records().flatten();
            found.event =
                records.find(|record| record.position == position).map(|record| record.id);
            found.hash = (batch.next_position() == position + 1).then(|| Hash::of(hasher));
        }
        Ok(())
    })?;
    if let Some(next) = next {
        chain::check_sealed(header, &scanned, next)?;
    }
    found.head = scanned.next_position - 1;
    let what = "its last batch is bad, though it was acknowledged";
    found.torn = scanned.torn.map(|_| scan::damage(header, &scanned, what));
    Ok(found)
}
