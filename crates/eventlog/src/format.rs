//! The bytes on disk, format 1: segment headers, batches and records. Pure: no I/O.
//!
//! ```text
//! segment  header (128 bytes), batches back to back, zeros up to the length the header names
//! header   magic 8 · format 4 · 0 4 · salt 16 · number 8 · first position 8 · length 8 · previous hash 32 · 0 36 · crc 4
//! batch    magic 4 · crc 4 · length 4 · count 4 · first position 8 · records · zeros up to a multiple of 8
//! record   stream length 2 · type length 2 · metadata length 4 · data length 4 · position 8 · version 8 · time 8 · id 16
//!          · stream · type · metadata · data
//! ```
//!
//! All numbers are little-endian. Every later format keeps the header's magic, format number, length and checksum where
//! they are, so that an older program can tell "newer" from "damaged". The checksums are CRC-32C; that of a batch begins
//! with the salt, the segment's number and the batch's offset, so that bytes that once stood elsewhere never pass.

use crate::hash::Hash;

pub(crate) const FORMAT: u32 = 1;
pub(crate) const HEADER_LEN: usize = 128;
pub(crate) const HEADER_BYTES: u64 = HEADER_LEN as u64;
pub(crate) const BATCH_ALIGN: usize = 8;
pub(crate) const BATCH_HEAD_BYTES: usize = 24;
pub(crate) const BATCH_MAGIC: [u8; 4] = *b"btch";
/// A batch must fit into one segment, and a segment's offsets into 32 bits.
pub(crate) const MAX_BATCH_BYTES: usize = 1 << 28;
const SEGMENT_MAGIC: [u8; 8] = *b"eventlog";
const RECORD_HEAD_BYTES: usize = 52;

/// One recorded event, borrowed from the reader's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The place in the whole log: from 1, without gaps.
    pub position: u64,
    /// The stream's name.
    pub stream: &'a str,
    /// The place in the stream: from 0, without gaps.
    pub version: u64,
    /// The event's id, chosen by who appended it.
    pub id: [u8; 16],
    /// The event's type.
    pub kind: &'a str,
    /// When it happened, in microseconds since 1970.
    pub time_us: i64,
    /// The bytes of the metadata, as they were appended.
    pub metadata: &'a [u8],
    /// The bytes of the data, as they were appended.
    pub data: &'a [u8],
}

impl Record<'_> {
    /// What the record takes up on disk, its fixed part included.
    pub fn size_bytes(&self) -> usize {
        RECORD_HEAD_BYTES
            + self.stream.len()
            + self.kind.len()
            + self.metadata.len()
            + self.data.len()
    }
}

/// One event to be appended. The position is the log's to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// The stream's name: 1 to 65,535 bytes. Its category is what stands before the first `-`.
    pub stream: &'a str,
    /// The stream's next version; the log refuses any other.
    pub version: u64,
    /// The event's id.
    pub id: [u8; 16],
    /// The event's type: 1 to 65,535 bytes.
    pub kind: &'a str,
    /// When it happened, in microseconds since 1970.
    pub time_us: i64,
    /// JSON, or whatever else: the log does not look into it.
    pub metadata: &'a [u8],
    /// JSON, or whatever else: the log does not look into it.
    pub data: &'a [u8],
}

impl NewRecord<'_> {
    pub(crate) fn size_bytes(&self) -> usize {
        Record::from(self).size_bytes()
    }
}

/// The record it will be, but for its position.
impl<'a> From<&NewRecord<'a>> for Record<'a> {
    fn from(new: &NewRecord<'a>) -> Self {
        let NewRecord { stream, version, id, kind, time_us, metadata, data } = *new;
        Self { position: 0, stream, version, id, kind, time_us, metadata, data }
    }
}

/// The category of a stream: what stands before the first `-`, or all of the name.
pub fn category(stream: &str) -> &str {
    stream.split_once('-').map_or(stream, |(category, _)| category)
}

/// The head of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) salt: [u8; 16],
    pub(crate) number: u64,
    pub(crate) first_position: u64,
    /// The file's length: content, then zeros.
    pub(crate) length: u64,
    /// The hash of the previous segment's content; zeros in the first segment.
    pub(crate) previous: Hash,
}

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Magic,
    Checksum,
    Newer(u32),
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&SEGMENT_MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first_position.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(self.previous.as_bytes());
        bytes.resize(HEADER_LEN - 4, 0);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let (checked, crc) = bytes.split_last_chunk::<4>().ok_or(HeaderFault::Magic)?;
        let mut fields = Fields(checked);
        if fields.array() != Some(SEGMENT_MAGIC) {
            return Err(HeaderFault::Magic);
        }
        if bytes.len() != HEADER_LEN || crc32c::crc32c(checked) != u32::from_le_bytes(*crc) {
            return Err(HeaderFault::Checksum);
        }
        let format = fields.u32().ok_or(HeaderFault::Checksum)?;
        if format != FORMAT {
            return Err(HeaderFault::Newer(format));
        }
        fields.header().ok_or(HeaderFault::Checksum)
    }

    pub(crate) fn seal(&self) -> Seal {
        let seed = crc32c::crc32c(&self.salt);
        Seal(crc32c::crc32c_append(seed, &self.number.to_le_bytes()))
    }
}

/// What the checksums of a segment's batches begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seal(u32);

impl Seal {
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

    /// The batch at the start of `bytes`, which stand at `offset`; nothing if it is not whole or its checksum is wrong.
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

/// Takes fields off the front of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn text(&mut self, length: u32) -> Option<&'a str> {
        std::str::from_utf8(self.slice(usize::try_from(length).ok()?)?).ok()
    }

    fn record(&mut self) -> Option<Record<'a>> {
        let (stream, kind) = (self.u16()?, self.u16()?);
        let (metadata, data) =
            (usize::try_from(self.u32()?).ok()?, usize::try_from(self.u32()?).ok()?);
        Some(Record {
            position: self.u64()?,
            version: self.u64()?,
            time_us: self.i64()?,
            id: self.array()?,
            stream: self.text(stream.into())?,
            kind: self.text(kind.into())?,
            metadata: self.slice(metadata)?,
            data: self.slice(data)?,
        })
    }

    fn header(&mut self) -> Option<Header> {
        let _reserved = self.u32()?;
        Some(Header {
            salt: self.array()?,
            number: self.u64()?,
            first_position: self.u64()?,
            length: self.u64()?,
            previous: Hash::from_bytes(self.array()?),
        })
    }
}
