//! The segments as a chain: what opening, verifying and copying a log have in common.

use std::path::Path;
use std::sync::Arc;

use crate::files::{Access, File, Files};
use crate::format::{Batch, HEADER_BYTES, Header, Record};
use crate::hash::{Hash, StreamHasher, StreamKey};
use crate::heads::{Head, Heads};
use crate::index::{Memory, Span};
use crate::known::Known;
use crate::report::Torn;
use crate::scan::{self, Fault, Scanned};
use crate::segment::{self, Damage};

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
        let header = next_header(files, dir, number, headers.last());
        headers.push(header.map_err(|fault| named(files, dir, headers.last(), fault))?);
    }
    Ok(headers)
}

fn next_header(
    files: &dyn Files,
    dir: &Path,
    number: u64,
    previous: Option<&Header>,
) -> Result<Header, Fault> {
    let header = scan::header(files, dir, number)?;
    let follows = match previous {
        None => header.first_position == 1 && header.previous == Hash::ZERO,
        Some(previous) => {
            header.salt == previous.salt && header.first_position >= previous.first_position
        }
    };
    let what = "its header does not continue the segment before";
    if follows {
        Ok(header)
    } else {
        Err(Damage { segment: number, position: 1, offset: 0, what }.into())
    }
}

/// Names the position where a bad header's segment should begin: where the one before it ends.
fn named(files: &dyn Files, dir: &Path, previous: Option<&Header>, fault: Fault) -> Fault {
    let (Fault::Damage(damage), Some(previous)) = (&fault, previous) else { return fault };
    let scanned = segment::open(files, dir, previous.number, Access::Read)
        .map_err(Fault::from)
        .and_then(|file| scan::scan(&file, previous, &mut |_, _, _| Ok(())));
    match scanned {
        Ok(scanned) => Damage { position: scanned.next_position, ..damage.clone() }.into(),
        Err(Fault::Damage(earlier)) => earlier.into(),
        Err(_) => fault,
    }
}

/// Checks a segment whole and indexes it in memory, handing every batch on.
pub(crate) fn index_segment(
    file: &Arc<dyn File>,
    header: &Header,
    also: &mut VisitRecords<'_>,
) -> Result<(Scanned, Memory), Fault> {
    let keys = StreamHasher::new(&header.salt);
    let mut memory = Memory::new();
    let scanned = scan::scan(file, header, &mut |span: Span, batch: &Batch<'_>, hasher| {
        let damage = |position, what| {
            let (segment, offset) = (header.number, span.offset);
            Damage { segment, position, offset, what }
        };
        let records: Result<Vec<_>, _> = batch
            .records()
            .map(|record| record.map(|record| (keys.key(record.stream), record)))
            .collect();
        let records = records
            .map_err(|_| damage(batch.first_position, "its records do not fit their batch"))?;
        memory.add(span, records.iter().copied());
        also(&records, hasher)
            .map_err(|position| damage(position, "it is not the next version of its stream"))
    })?;
    Ok((scanned, memory))
}

/// The records of a batch with their streams' keys, and the hasher of all up to their end. An error is the position of
/// one that does not follow on.
pub(crate) type VisitRecords<'v> =
    dyn FnMut(&[(StreamKey, Record<'_>)], &blake3::Hasher) -> Result<(), u64> + 'v;

/// Adds records to the heads, if each is its stream's next version; else returns the first that is not.
pub(crate) fn follow(heads: &mut Heads, records: &[(StreamKey, Record<'_>)]) -> Result<(), u64> {
    for (key, record) in records {
        if record.version != heads.get(*key).map_or(0, |head| head.version + 1) {
            return Err(record.position);
        }
        heads.set(*key, Head { version: record.version, position: record.position });
    }
    Ok(())
}

/// Checks that a sealed segment ends as the next one's header says.
pub(crate) fn check_sealed(
    header: &Header,
    scanned: &Scanned,
    next: &Header,
) -> Result<(), Damage> {
    if scanned.missing > 0 {
        return Err(scan::damage(header, scanned, scan::SHORT));
    }
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

/// Refuses a last segment that lacks zeros, unless `known`, which the log is found to have, vouches for it.
pub(crate) fn check_last(
    header: &Header,
    scanned: &Scanned,
    known: Option<&Known>,
) -> Result<(), Damage> {
    if scanned.missing == 0 || known.is_some_and(|known| known.vouches_for(header)) {
        return Ok(());
    }
    Err(scan::damage(header, scanned, scan::SHORT))
}

pub(crate) fn torn(header: &Header, scanned: &Scanned) -> Option<Torn> {
    let (position, offset) = (scanned.next_position, scanned.end);
    scanned.torn.map(|end| Torn { segment: header.number, position, offset, bytes: end - offset })
}
