//! What all tests share: small logs, and events that are a function of their number.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use eventlog::simdisk::SimDisk;
use eventlog::{
    AppendError, Limits, NewRecord, OpenError, Opened, Options, OsFiles, Reader, Record, Writer,
    open,
};

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

/// Batches of 1 to 4 events over a few streams, the same every time; some are longer than a segment.
pub(crate) fn batches(count: u64) -> Vec<Vec<Event>> {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut number = 0;
    let mut batches = Vec::new();
    for batch in 0..count {
        let mut events = Vec::new();
        for _ in 0..=(batch * 7 % 4) {
            let stream = ["depot-1", "depot-2", "account-7", "borrower-x", "alone"]
                [(number * 5 % 7 % 5) as usize];
            let version =
                versions.entry(stream.to_owned()).and_modify(|version| *version += 1).or_insert(0);
            let mut event = Event::new(stream, *version, number);
            event.data.resize((number * 37 % 300) as usize, b'x');
            if number % 23 == 11 {
                event.data = vec![b'y'; 5000];
            }
            events.push(event);
            number += 1;
        }
        batches.push(events);
    }
    batches
}

pub(crate) fn options() -> Options {
    Options { segment_bytes: 4096, ..Options::new(SALT) }
}

pub(crate) fn open_os(dir: &Path) -> Opened {
    open(dir, Arc::new(OsFiles), options()).unwrap()
}

/// The folder of the logs on simulated disks.
pub(crate) fn dir() -> &'static Path {
    Path::new("/log")
}

pub(crate) fn try_open(disk: &SimDisk) -> Result<Opened, OpenError> {
    open(dir(), Arc::new(disk.clone()), options())
}

pub(crate) fn try_append(writer: &mut Writer, events: &[Event]) -> Result<(), AppendError> {
    let records: Vec<_> = events.iter().map(Event::record).collect();
    writer.append(&records).map(|_| ())
}

pub(crate) fn append(writer: &mut Writer, events: &[Event]) {
    try_append(writer, events).unwrap();
}

/// Makes a log of some batches on a simulated disk, with an index for each sealed segment, and closes it.
pub(crate) fn written(batches: &[Vec<Event>]) -> SimDisk {
    let disk = SimDisk::new(0);
    let mut log = try_open(&disk).unwrap();
    for batch in batches {
        append(&mut log.writer, batch);
        while log.maintenance.step().unwrap() {}
    }
    disk
}

pub(crate) fn all(reader: &Reader) -> Vec<Event> {
    try_all(reader).unwrap()
}

pub(crate) fn try_all(reader: &Reader) -> Result<Vec<Event>, eventlog::ReadError> {
    let mut events = Vec::new();
    reader.read_all(1, Limits::NONE, |record| {
        assert_eq!(record.position, events.len() as u64 + 1);
        events.push(record.into());
        ControlFlow::Continue(())
    })?;
    Ok(events)
}
