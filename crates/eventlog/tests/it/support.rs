//! What all tests share: small logs, and events that are a function of their number.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use eventlog::{Limits, NewRecord, Opened, Options, OsFiles, Reader, Record, Writer, open};

pub(crate) const SALT: [u8; 16] = *b"a salt for tests";

/// An event that the test owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) stream: String,
    pub(crate) version: u64,
    pub(crate) id: [u8; 16],
    pub(crate) kind: String,
    pub(crate) time_us: i64,
    pub(crate) metadata: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Event {
    pub(crate) fn new(stream: &str, version: u64, number: u64) -> Self {
        Self {
            stream: stream.to_owned(),
            version,
            id: u128::from(number).to_le_bytes(),
            kind: "thing.happened".to_owned(),
            time_us: i64::try_from(number).unwrap() * 1000,
            metadata: format!("{{\"n\":{number}}}").into_bytes(),
            data: format!("{{\"what\":\"event {number}\"}}").into_bytes(),
        }
    }

    pub(crate) fn record(&self) -> NewRecord<'_> {
        NewRecord {
            stream: &self.stream,
            version: self.version,
            id: self.id,
            kind: &self.kind,
            time_us: self.time_us,
            metadata: &self.metadata,
            data: &self.data,
        }
    }
}

impl From<Record<'_>> for Event {
    fn from(record: Record<'_>) -> Self {
        Self {
            stream: record.stream.to_owned(),
            version: record.version,
            id: record.id,
            kind: record.kind.to_owned(),
            time_us: record.time_us,
            metadata: record.metadata.to_vec(),
            data: record.data.to_vec(),
        }
    }
}

pub(crate) fn options() -> Options {
    Options { segment_bytes: 4096, salt: SALT }
}

pub(crate) fn open_os(dir: &Path) -> Opened {
    open(dir, Arc::new(OsFiles), options()).unwrap()
}

pub(crate) fn append(writer: &mut Writer, events: &[Event]) {
    let records: Vec<_> = events.iter().map(Event::record).collect();
    writer.append(&records).unwrap();
}

pub(crate) fn all(reader: &Reader) -> Vec<Event> {
    let mut events = Vec::new();
    reader
        .read_all(1, Limits::NONE, |record| {
            assert_eq!(record.position, events.len() as u64 + 1);
            events.push(record.into());
            ControlFlow::Continue(())
        })
        .unwrap();
    events
}
