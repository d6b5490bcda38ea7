//! Judges the appends of one group: against the log, and against what earlier ones of the group will record.

use std::{collections::BTreeMap, sync::Arc};

use bus::{Append, Appended};
use kernel::{Expected, NewEvent, Position, Recorded, StreamId, Timestamp, Version};

use super::LogReader;
use crate::port::StoreFailure;

pub(super) struct Judge<'a> {
    log: &'a LogReader,
    next: Position,
    now: Timestamp,
    answers: Vec<Appended>,
    recorded: Vec<Arc<Recorded>>,
    /// For each stream of the group: where its new events stand in `recorded`.
    staged: BTreeMap<StreamId, Vec<usize>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(log: &'a LogReader, next: Position, now: Timestamp) -> Self {
        Self { log, next, now, answers: Vec::new(), recorded: Vec::new(), staged: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, append: &Append) -> Result<(), StoreFailure> {
        let answer = match unacceptable(append) {
            Some(reason) => Appended::Refused { reason },
            None => self.judge(append)?,
        };
        self.answers.push(answer);
        Ok(())
    }

    /// The answers, which hold once the events are durable, and the events to make durable.
    pub(super) fn verdict(self) -> (Vec<Appended>, Vec<Arc<Recorded>>) {
        (self.answers, self.recorded)
    }

    fn judge(&mut self, append: &Append) -> Result<Appended, StoreFailure> {
        let last = self.last_version(&append.stream);
        if Expected::after(last) == append.expected {
            return Ok(self.stage(append));
        }
        let recorded = self.recorded_before(append)?;
        let same = recorded.len() == append.events.len()
            && recorded
                .iter()
                .zip(append.events.iter())
                .all(|((id, _), event)| *id == event.id.0.into_bytes());
        let version = Version(append.expected.first_version().0 + append.events.len() as u64 - 1);
        match (recorded.first(), recorded.last()) {
            (Some((_, first)), Some((_, last))) if same => {
                Ok(Appended::Recorded { first: *first, last: *last, version })
            }
            _ => Ok(Appended::Conflict { version: last }),
        }
    }

    fn last_version(&self, stream: &StreamId) -> Option<Version> {
        let staged = self
            .staged
            .get(stream)
            .and_then(|places| places.last())
            .and_then(|place| self.recorded.get(*place));
        staged
            .map(|event| event.version)
            .or_else(|| self.log.0.stream_head(stream.as_str()).map(Version))
    }

    fn stage(&mut self, append: &Append) -> Appended {
        let first = self.next;
        let mut version = append.expected.first_version();
        let places = self.staged.entry(append.stream.clone()).or_default();
        for event in append.events.iter() {
            places.push(self.recorded.len());
            self.recorded.push(Arc::new(recorded(
                event,
                &append.stream,
                self.next,
                version,
                self.now,
            )));
            self.next = self.next.next();
            version = version.next();
        }
        Appended::Recorded {
            first,
            last: Position(self.next.0 - 1),
            version: Version(version.0 - 1),
        }
    }

    /// What stands in the stream where this append would stand.
    fn recorded_before(&self, append: &Append) -> Result<Vec<([u8; 16], Position)>, StoreFailure> {
        let from = append.expected.first_version();
        let mut ids = self.log.ids(append.stream.as_str(), from.0, append.events.len())?;
        let staged = self
            .staged
            .get(&append.stream)
            .into_iter()
            .flatten()
            .filter_map(|place| self.recorded.get(*place));
        let staged = staged
            .filter(|event| event.version >= from)
            .map(|event| (event.id.0.into_bytes(), event.position));
        ids.extend(staged.take(append.events.len() - ids.len()));
        Ok(ids)
    }
}

fn recorded(
    event: &NewEvent,
    stream: &StreamId,
    position: Position,
    version: Version,
    time: Timestamp,
) -> Recorded {
    let NewEvent { id, kind, schema, metadata, data } = event.clone();
    Recorded { position, stream: stream.clone(), version, id, kind, schema, time, metadata, data }
}

/// Why an append can never be recorded.
fn unacceptable(append: &Append) -> Option<String> {
    let bytes: usize =
        append.events.iter().map(|event| event.data.get().len() + event.kind.as_str().len()).sum();
    if append.events.is_empty() || append.events.len() > Append::EVENTS_MAX {
        Some(format!(
            "an append has 1 to {} events, not {}",
            Append::EVENTS_MAX,
            append.events.len()
        ))
    } else if bytes > Append::BYTES_MAX {
        Some(format!("an append has {} bytes at most, not {bytes}", Append::BYTES_MAX))
    } else if append.events.iter().any(|event| !event.data.get().starts_with('{')) {
        Some("an event's data is one JSON object".to_owned())
    } else {
        None
    }
}
