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

mod batch;

pub(crate) use batch::{BATCH_ALIGN, BATCH_HEAD_BYTES, BATCH_MAGIC, Batch, MAX_BATCH_BYTES, Seal};

use crate::hash::Hash;

pub(crate) const FORMAT: u32 = 1;
pub(crate) const HEADER_LEN: usize = 128;
pub(crate) const HEADER_BYTES: u64 = HEADER_LEN as u64;
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
    /// Size of the record on disk, its fixed part included.
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
    /// The stream's name: 1 to 65,535 bytes. Its category is the part before the first `-`.
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

/// The category of a stream: the part before the first `-`, or all of the name.
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

    fn skip_record(&mut self) -> Option<()> {
        let (stream, kind) = (usize::from(self.u16()?), usize::from(self.u16()?));
        let (metadata, data) =
            (usize::try_from(self.u32()?).ok()?, usize::try_from(self.u32()?).ok()?);
        // The lengths themselves are passed already.
        self.slice(RECORD_HEAD_BYTES - 12 + stream + kind + metadata + data).map(drop)
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
