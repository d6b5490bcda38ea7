//! An aggregate in memory: its state, and what deduplicates its commands.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use kernel::{
    Cause, DecodeError, Event, Expected, Idempotency, Metadata, Position, Recorded, Version,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Aggregate;

/// How many idempotency keys of changes an aggregate remembers.
const KEYS_MAX: usize = 16;

/// State, version, cause marks and idempotency keys after some event of a stream.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// What the events so far amount to.
    pub state: S,
    /// The version of the last event taken in.
    pub version: Option<Version>,
    marks: BTreeMap<Arc<str>, Position>,
    created: Option<KeySeen>,
    changes: VecDeque<KeySeen>,
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
            marks: BTreeMap::new(),
            created: None,
            changes: VecDeque::new(),
        }
    }
}

impl<S> Loaded<S> {
    pub(super) fn expected(&self) -> Expected {
        Expected::after(self.version)
    }

    pub(super) fn has_reacted_to(&self, cause: &Cause) -> bool {
        self.marks.get(&cause.reactor).is_some_and(|mark| *mark >= cause.position)
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
            let mark = self.marks.entry(Arc::clone(&cause.reactor)).or_default();
            *mark = (*mark).max(cause.position);
        }
        if let Some(key) = &metadata.idempotency {
            self.remember(key, version);
        }
    }

    /// Takes in a recorded event; one that does not parse as its type counts, and changes nothing.
    pub(super) fn take_in_recorded<D: Aggregate<State = S>>(&mut self, recorded: &Recorded) {
        let event = match D::Event::decode(recorded.kind.as_str(), recorded.schema, &recorded.data)
        {
            Ok(event) => Some(event),
            Err(DecodeError::UnknownType(_)) => None,
            Err(error) => {
                tracing::warn!(%error, event.position = %recorded.position, "a recorded event is skipped");
                None
            }
        };
        self.take_in::<D>(recorded.version, event.as_ref(), &recorded.metadata);
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

    /// This as a snapshot, for aggregates that make them.
    pub(super) fn to_snapshot<D: Aggregate<State = S>>(&self) -> Option<String> {
        let snapshot = Snapshot {
            schema: D::SNAPSHOT_SCHEMA,
            state: D::snapshot(&self.state)?,
            marks: self.marks.clone(),
            created: self.created.clone(),
            changes: self.changes.clone(),
        };
        serde_json::to_string(&snapshot).ok()
    }

    /// A snapshot taken at `version`, unless it is of another schema.
    pub(super) fn from_snapshot<D: Aggregate<State = S>>(
        snapshot: &str,
        version: Version,
    ) -> Option<Self> {
        let snapshot: Snapshot = serde_json::from_str(snapshot).ok()?;
        if snapshot.schema != D::SNAPSHOT_SCHEMA {
            return None;
        }
        let state = D::restore(snapshot.state)?;
        let Snapshot { marks, created, changes, .. } = snapshot;
        Some(Self { state, version: Some(version), marks, created, changes })
    }
}
