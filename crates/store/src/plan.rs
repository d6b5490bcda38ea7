//! Optimistic concurrency check of one group of appends: against what is recorded, and against earlier appends of the group.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Append, Appended};
use kernel::{EventId, Expected, NewEvent, Position, Recorded, StreamId, Timestamp, Version};

/// Events already recorded, as an engine knows them.
pub trait History: Send {
    /// Why the engine could not look.
    type Failure: Send;

    /// The answer to an append that this writer itself recorded a moment ago, if it remembers it.
    fn answered(&mut self, _append: &Append) -> Option<Appended> {
        None
    }

    /// The last version of a stream. It may be remembered: an append that builds on a wrong one must then fail to be written.
    fn last_version(
        &mut self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<Option<Version>, Self::Failure>> + Send;

    /// What is recorded in a stream from a version on, `count` events at most. Asked when an append is not as expected: the answer to
    /// it rests on this and on the last version, so neither may be merely remembered here.
    fn events(
        &mut self,
        stream: &StreamId,
        from: Version,
        count: usize,
    ) -> impl Future<Output = Result<Vec<PastEvent>, Self::Failure>> + Send;
}

/// An event that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// By which an append that comes again is recognised.
    pub id: EventId,
    /// Where it is in the log.
    pub position: Position,
    /// When it was recorded.
    pub time: Timestamp,
}

impl From<&Arc<Recorded>> for PastEvent {
    fn from(event: &Arc<Recorded>) -> Self {
        Self { id: event.id, position: event.position, time: event.time }
    }
}

/// The plan of one commit: admits or refuses each append of a group, in order, and stages what is to be recorded.
pub struct CommitPlan<P> {
    past: P,
    next: Position,
    now: Timestamp,
    answers: Vec<Appended>,
    recorded: Vec<Arc<Recorded>>,
    staged_bytes: usize,
    /// For each stream of the group: where its new events are in `recorded`.
    staged: BTreeMap<StreamId, Vec<usize>>,
}

impl<P: History> CommitPlan<P> {
    /// A group whose first event gets the position `next` and whose events get the time `now`.
    pub fn new(past: P, next: Position, now: Timestamp) -> Self {
        Self {
            past,
            next,
            now,
            answers: Vec::new(),
            recorded: Vec::new(),
            staged_bytes: 0,
            staged: BTreeMap::new(),
        }
    }

    /// Checks one more append. An error is the engine's: the group is then to be dropped.
    pub async fn admit(&mut self, append: &Append) -> Result<(), P::Failure> {
        let answer = match unacceptable(append) {
            Some(reason) => Appended::Refused { reason },
            None => match self.past.answered(append) {
                Some(answer) => answer,
                None => self.check(append).await?,
            },
        };
        self.answers.push(answer);
        Ok(())
    }

    /// Number of events to be recorded, and roughly their size in bytes.
    pub fn staged(&self) -> (usize, usize) {
        (self.recorded.len(), self.staged_bytes)
    }

    /// The answers, which hold once the events are durable, and the events to make durable.
    pub fn finish(self) -> (Vec<Appended>, Vec<Arc<Recorded>>) {
        (self.answers, self.recorded)
    }

    // ANCHOR: check
    async fn check(&mut self, append: &Append) -> Result<Appended, P::Failure> {
        let last = self.last_version(&append.stream).await?;
        if Expected::after(last) == append.expected {
            return Ok(self.stage(append));
        }
        let recorded = self.recorded_before(append).await?;
        let same = recorded.len() == append.events.len()
            && recorded.iter().zip(append.events.iter()).all(|(past, event)| past.id == event.id);
        let version = Version(append.expected.first_version().0 + append.events.len() as u64 - 1);
        match (recorded.first(), recorded.last()) {
            (Some(first), Some(last)) if same => Ok(Appended::Recorded {
                first: first.position,
                last: last.position,
                version,
                time: Some(last.time),
            }),
            _ => Ok(Appended::Conflict { version: last }),
        }
    }
    // ANCHOR_END: check

    async fn last_version(&mut self, stream: &StreamId) -> Result<Option<Version>, P::Failure> {
        let staged = self
            .staged
            .get(stream)
            .and_then(|places| places.last())
            .and_then(|place| self.recorded.get(*place));
        match staged {
            Some(event) => Ok(Some(event.version)),
            None => self.past.last_version(stream).await,
        }
    }

    fn stage(&mut self, append: &Append) -> Appended {
        let first = self.next;
        let mut version = append.expected.first_version();
        let places = self.staged.entry(append.stream.clone()).or_default();
        for event in append.events.iter() {
            places.push(self.recorded.len());
            let event = recorded(event, &append.stream, self.next, version, self.now);
            self.staged_bytes += event.size_bytes();
            self.recorded.push(Arc::new(event));
            self.next = self.next.next();
            version = version.next();
        }
        Appended::Recorded {
            first,
            last: Position(self.next.0 - 1),
            version: Version(version.0 - 1),
            time: Some(self.now),
        }
    }

    /// The recorded events at the versions that this append expects.
    async fn recorded_before(&mut self, append: &Append) -> Result<Vec<PastEvent>, P::Failure> {
        let from = append.expected.first_version();
        let mut events = self.past.events(&append.stream, from, append.events.len()).await?;
        let staged = self
            .staged
            .get(&append.stream)
            .into_iter()
            .flatten()
            .filter_map(|place| self.recorded.get(*place));
        let staged = staged.filter(|event| event.version >= from).map(PastEvent::from);
        events.extend(staged.take(append.events.len() - events.len()));
        Ok(events)
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
    let (stream, data) = (stream.clone(), data.into());
    Recorded { position, stream, version, id, kind, schema, time, metadata, data }
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
