//! An aggregate in memory: its state, and what deduplicates its commands.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use kernel::{
    Cause, DecodeError, Event, Expected, Idempotency, Metadata, Position, Recorded, StreamId,
    Version,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Aggregate;

/// How many idempotency keys of changes an aggregate remembers.
const KEYS_MAX: usize = 16;
/// What a stream at rest takes beside its state: its name in both trees, the name's counters, and when it was last used.
const AT_REST_BYTES: usize = 2 * size_of::<StreamId>() + 4 * size_of::<usize>();

/// State, version, cause marks and idempotency keys after some event of a stream.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// What the events so far amount to.
    pub state: S,
    /// The version of the last event taken in.
    pub version: Option<Version>,
    /// A few: one for each reactor.
    marks: Vec<(Arc<str>, Position)>,
    created: Option<KeySeen>,
    changes: VecDeque<KeySeen>,
    /// An event that only a newer version of the program reads, if there is one: the state lacks what it did, so nothing may be decided.
    newer: Option<Arc<str>>,
    /// How many bytes of JSON the state was made of: the snapshot's, and those of the events since.
    read_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeySeen {
    #[serde(flatten)]
    key: Idempotency,
    /// The last event that the request led to.
    version: Version,
}

/// Whether a request with an idempotency key was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Never,
    /// The same request; the version of its last event.
    Same(Version),
    /// The key, with another request.
    Other,
}

/// A snapshot as it is stored.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    schema: u32,
    state: Value,
    marks: BTreeMap<Arc<str>, Position>,
    created: Option<KeySeen>,
    changes: VecDeque<KeySeen>,
}

impl<S: Default> Default for Loaded<S> {
    fn default() -> Self {
        Self {
            state: S::default(),
            version: None,
            marks: Vec::new(),
            created: None,
            changes: VecDeque::new(),
            newer: None,
            read_bytes: 0,
        }
    }
}

impl<S> Loaded<S> {
    pub(super) fn expected(&self) -> Expected {
        Expected::after(self.version)
    }

    // ANCHOR: mark
    pub(super) fn has_reacted_to(&self, cause: &Cause) -> bool {
        let mark = self.marks.iter().find(|(reactor, _)| *reactor == cause.reactor);
        mark.is_some_and(|(_, mark)| *mark >= cause.position)
    }
    // ANCHOR_END: mark

    /// Why nothing may be decided, if so.
    pub(super) fn newer(&self) -> Option<&Arc<str>> {
        self.newer.as_ref()
    }

    pub(super) fn seen(&self, key: &Idempotency) -> Seen {
        let keys = self.created.iter().chain(&self.changes);
        match keys.into_iter().find(|seen| seen.key.key == key.key) {
            None => Seen::Never,
            Some(seen) if key.is_request(seen.key.request) => Seen::Same(seen.version),
            Some(_) => Seen::Other,
        }
    }

    /// Takes in one event: the next of the stream.
    pub(super) fn take_in<D: Aggregate<State = S>>(
        &mut self,
        version: Version,
        event: Option<&D::Event>,
        metadata: &Metadata,
    ) {
        if let Some(event) = event {
            D::evolve(&mut self.state, event);
        }
        self.version = Some(version);
        if let Some(cause) = &metadata.cause {
            match self.marks.iter_mut().find(|(reactor, _)| *reactor == cause.reactor) {
                Some((_, mark)) => *mark = (*mark).max(cause.position),
                None => self.marks.push((Arc::clone(&cause.reactor), cause.position)),
            }
        }
        if let Some(key) = &metadata.idempotency {
            self.remember(key, version);
        }
    }

    /// Takes in a recorded event; one that does not parse as its type counts, and changes nothing. From one of a newer schema on, nothing may
    /// be decided; what deduplicates commands is known all the same. Whether it could be read.
    pub(super) fn take_in_recorded<D: Aggregate<State = S>>(
        &mut self,
        recorded: &Recorded,
    ) -> bool {
        let mut is_read = true;
        let event = match D::Event::decode(recorded.kind.as_str(), recorded.schema, &recorded.data)
        {
            Ok(event) => Some(event),
            Err(DecodeError::UnknownType(_)) => None,
            Err(error @ DecodeError::UnknownSchema { .. }) => {
                tracing::warn!(%error, event.position = %recorded.position, stream = %recorded.stream, "the stream has an event of a newer schema; refusing its commands");
                self.newer.get_or_insert_with(|| error.to_string().into());
                None
            }
            Err(error) => {
                tracing::warn!(%error, event.position = %recorded.position, "skipped a recorded event that cannot be decoded; it changes nothing");
                is_read = false;
                None
            }
        };
        self.take_in::<D>(recorded.version, event.as_ref(), &recorded.metadata);
        self.weighs(recorded.data.get().len());
        is_read
    }

    /// Counts the JSON of an event that was taken in.
    pub(super) fn weighs(&mut self, bytes: usize) {
        self.read_bytes += bytes;
    }

    /// The bytes that it takes at rest, roughly: itself and its name in two trees, and what it points to.
    pub(super) fn size_bytes<D: Aggregate<State = S>>(&self, stream: &StreamId) -> usize {
        let pointed_to = D::heap_bytes(&self.state).unwrap_or(self.read_bytes);
        let deduplication = self.marks.capacity() * (size_of::<(Arc<str>, Position)>() + 32)
            + self.changes.capacity() * size_of::<KeySeen>();
        // Nodes of a tree are two thirds full.
        let entry = (size_of::<Self>() + AT_REST_BYTES) * 3 / 2;
        entry + stream.as_str().len() + deduplication + pointed_to
    }

    /// How many events it is made of.
    pub(super) fn events(&self) -> u64 {
        self.expected().first_version().0
    }

    fn remember(&mut self, key: &Idempotency, version: Version) {
        let seen = KeySeen { key: key.clone(), version };
        if key.creates {
            self.created = Some(seen);
            return;
        }
        if let Some(known) = self.changes.iter_mut().find(|known| known.key.key == key.key) {
            // A further event of the same request.
            *known = seen;
            return;
        }
        if self.changes.len() == KEYS_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(seen);
    }

    /// This as a snapshot, for aggregates that make them. One without what an event did would be believed by the version that reads it.
    pub(super) fn to_snapshot<D: Aggregate<State = S>>(&self) -> Option<String> {
        if self.newer.is_some() {
            return None;
        }
        let snapshot = Snapshot {
            schema: D::SNAPSHOT_SCHEMA,
            state: D::snapshot(&self.state)?,
            marks: self.marks.iter().cloned().collect(),
            created: self.created.clone(),
            changes: self.changes.clone(),
        };
        serde_json::to_string(&snapshot).ok()
    }

    /// A snapshot taken at `version`, unless it is of another schema.
    pub(super) fn from_snapshot<D: Aggregate<State = S>>(
        body: &str,
        version: Version,
    ) -> Option<Self> {
        let snapshot: Snapshot = serde_json::from_str(body).ok()?;
        if snapshot.schema != D::SNAPSHOT_SCHEMA {
            return None;
        }
        let state = D::restore(snapshot.state)?;
        let Snapshot { marks, created, changes, .. } = snapshot;
        let (version, marks) = (Some(version), marks.into_iter().collect());
        let read_bytes = body.len();
        Some(Self { state, version, marks, created, changes, newer: None, read_bytes })
    }
}
