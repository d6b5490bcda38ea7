//! The unit of writing and recovery: a batch of records under one checksum.

use super::{Fields, Header, NewRecord, Record};

pub(crate) const BATCH_ALIGN: usize = 8;
pub(crate) const BATCH_HEAD_BYTES: usize = 24;
pub(crate) const BATCH_MAGIC: [u8; 4] = *b"btch";
/// So that lengths fit into 32 bits, and a batch into memory.
pub(crate) const MAX_BATCH_BYTES: usize = 1 << 28;

/// What the checksums of a segment's batches begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal(u32);

impl Seal {
    pub(crate) fn of(header: &Header) -> Self {
        let seed = crc32c::crc32c(&header.salt);
        Self(crc32c::crc32c_append(seed, &header.number.to_le_bytes()))
    }

    fn checksum(self, offset: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &offset.to_le_bytes()), bytes)
    }

    /// Writes the checksum into an encoded batch, now that its place is known.
    pub(crate) fn stamp(self, offset: u64, batch: &mut [u8]) {
        let (head, body) = batch.split_at_mut(8);
        let crc = self.checksum(offset, body);
        head.copy_from_slice(&[BATCH_MAGIC, crc.to_le_bytes()].concat());
    }
}

/// A batch whose checksum holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) first_position: u64,
    pub(crate) count: u32,
    /// All of it, from its magic to its padding.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The length that a batch beginning with `head` claims to have.
    pub(crate) fn claimed_length(head: &[u8]) -> Option<usize> {
        let mut fields = Fields(head);
        let magic: [u8; 4] = fields.array()?;
        let _crc = fields.u32()?;
        let length = usize::try_from(fields.u32()?).ok()?;
        let plausible =
            magic == BATCH_MAGIC && length > BATCH_HEAD_BYTES && length <= MAX_BATCH_BYTES;
        (plausible && length.is_multiple_of(BATCH_ALIGN)).then_some(length)
    }

    /// The batch at the start of `bytes`, which are at `offset`; nothing if it is incomplete or its checksum is wrong.
    pub(crate) fn decode(bytes: &'a [u8], seal: Seal, offset: u64) -> Option<Self> {
        let bytes = bytes.get(..Self::claimed_length(bytes)?)?;
        let mut fields = Fields(bytes);
        let _magic = fields.u32()?;
        let crc = fields.u32()?;
        if seal.checksum(offset, fields.0) != crc {
            return None;
        }
        let _length = fields.u32()?;
        Some(Self { count: fields.u32()?, first_position: fields.u64()?, bytes })
    }

    /// Encodes all but the checksum, which [`Seal::stamp`] adds.
    pub(crate) fn encode(into: &mut Vec<u8>, first_position: u64, records: &[NewRecord<'_>]) {
        into.clear();
        into.resize(12, 0);
        into.extend_from_slice(&narrow(records.len()).to_le_bytes());
        into.extend_from_slice(&first_position.to_le_bytes());
        for (position, record) in (first_position..).zip(records) {
            encode_record(into, position, record);
        }
        into.resize(into.len().next_multiple_of(BATCH_ALIGN), 0);
        let length = narrow(into.len()).to_le_bytes();
        into.get_mut(8..12).expect("a batch begins with its head").copy_from_slice(&length);
    }

    /// The position after the last record's.
    pub(crate) fn next_position(&self) -> u64 {
        self.first_position + u64::from(self.count)
    }

    pub(crate) fn records(&self) -> Records<'a> {
        let fields = Fields(self.bytes.get(BATCH_HEAD_BYTES..).unwrap_or_default());
        Records { fields, position: self.first_position, left: self.count }
    }
}

/// The records of a batch, in order; `Err` where a batch with a good checksum makes no sense.
#[derive(Debug, Clone)]
pub(crate) struct Records<'a> {
    fields: Fields<'a>,
    position: u64,
    left: u32,
}

/// The batch's checksum holds, yet its records do not fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Records<'a> {
    /// The record at a position, if it is among those not given out yet. Of those before it only the lengths are looked at.
    pub(crate) fn at(&mut self, position: u64) -> Option<Result<Record<'a>, Malformed>> {
        while self.position < position {
            self.left = self.left.checked_sub(1)?;
            self.position += 1;
            if self.fields.skip_record().is_none() {
                return Some(Err(Malformed));
            }
        }
        if self.position == position { self.next() } else { None }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = self.fields.record().filter(|record| record.position == self.position);
        self.position += 1;
        Some(record.ok_or(Malformed))
    }
}

fn encode_record(into: &mut Vec<u8>, position: u64, record: &NewRecord<'_>) {
    let short = |length: usize| {
        u16::try_from(length).expect("names were checked to be short enough").to_le_bytes()
    };
    into.extend_from_slice(&short(record.stream.len()));
    into.extend_from_slice(&short(record.kind.len()));
    into.extend_from_slice(&narrow(record.metadata.len()).to_le_bytes());
    into.extend_from_slice(&narrow(record.data.len()).to_le_bytes());
    into.extend_from_slice(&position.to_le_bytes());
    into.extend_from_slice(&record.version.to_le_bytes());
    into.extend_from_slice(&record.time_us.to_le_bytes());
    into.extend_from_slice(&record.id);
    into.extend_from_slice(record.stream.as_bytes());
    into.extend_from_slice(record.kind.as_bytes());
    into.extend_from_slice(record.metadata);
    into.extend_from_slice(record.data);
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("a batch was checked to be below 256 MiB")
}
