//! The streams of one kind that are in memory: those that are served, and those at rest.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::{BuildHasherDefault, DefaultHasher},
};

use kernel::StreamId;

use super::{Aggregate, Asked, Loaded};

/// A stream in memory.
pub(super) struct Resident<S> {
    pub(super) loaded: Loaded<S>,
    /// How many of its events the last snapshot contains.
    pub(super) kept: u64,
}

/// The outcome of a command given to its stream.
pub(super) enum Takes<D: Aggregate> {
    /// Its stream is served, and the command is in its queue.
    Queued,
    /// It is a reaction that the stream at rest is known to have recorded; the command is returned.
    Known(Asked<D>),
    /// Its stream was not in memory. Now it must be served.
    Unknown,
    /// Its stream was at rest and took so many bytes. Now it must be served.
    Rested { bytes: usize, resident: Resident<D::State> },
}

/// The streams of one kind in memory.
pub(super) struct Streams<D: Aggregate> {
    /// Only ever asked for one; the hasher has no random key, so that even dropping them is the same in each run.
    entries: HashMap<StreamId, Entry<D>, BuildHasherDefault<DefaultHasher>>,
    /// Those at rest, by their last use.
    at_rest: BTreeMap<u64, StreamId>,
    bytes: usize,
}

enum Entry<D: Aggregate> {
    /// A task serves it; the commands that wait.
    Served(VecDeque<Asked<D>>),
    AtRest {
        used: u64,
        bytes: usize,
        resident: Resident<D::State>,
    },
}

impl<D: Aggregate> Default for Streams<D> {
    fn default() -> Self {
        Self { entries: HashMap::default(), at_rest: BTreeMap::new(), bytes: 0 }
    }
}

impl<D: Aggregate> Streams<D> {
    /// Gives a command to its stream, which is served from then on.
    pub(super) fn take(&mut self, stream: &StreamId, asked: Asked<D>) -> Takes<D> {
        let Some(entry) = self.entries.get_mut(stream) else {
            self.entries.insert(stream.clone(), Entry::Served([asked].into()));
            return Takes::Unknown;
        };
        match entry {
            Entry::Served(waiting) => {
                waiting.push_back(asked);
                return Takes::Queued;
            }
            Entry::AtRest { resident, .. } => {
                let cause = asked.request.metadata.cause.as_ref();
                if cause.is_some_and(|cause| resident.loaded.has_reacted_to(cause)) {
                    return Takes::Known(asked);
                }
            }
        }
        match std::mem::replace(entry, Entry::Served([asked].into())) {
            Entry::AtRest { used, bytes, resident } => {
                self.at_rest.remove(&used);
                self.bytes -= bytes;
                Takes::Rested { bytes, resident }
            }
            Entry::Served(_) => Takes::Queued,
        }
    }

    /// Moves the commands that wait for a served stream into `waiting`, as long as that holds fewer than `limit`.
    pub(super) fn gather(
        &mut self,
        stream: &StreamId,
        waiting: &mut VecDeque<Asked<D>>,
        limit: usize,
    ) {
        if let Some(Entry::Served(queue)) = self.entries.get_mut(stream) {
            let count = limit.saturating_sub(waiting.len()).min(queue.len());
            waiting.extend(queue.drain(..count));
        }
    }

    /// Lays a stream that was served to rest: one that takes so many bytes and was last used just now.
    pub(super) fn rest(
        &mut self,
        stream: &StreamId,
        used: u64,
        bytes: usize,
        resident: Resident<D::State>,
    ) {
        if let Some(entry) = self.entries.get_mut(stream) {
            *entry = Entry::AtRest { used, bytes, resident };
            self.at_rest.insert(used, stream.clone());
            self.bytes += bytes;
        }
    }

    /// Forgets a stream that was served, with the commands that wait for it.
    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.entries.remove(stream);
    }

    /// The longest unused stream at rest leaves; its bytes were counted until now.
    pub(super) fn evict(&mut self) -> Option<(StreamId, usize, Resident<D::State>)> {
        let (_, stream) = self.at_rest.pop_first()?;
        let (stream, entry) = self.entries.remove_entry(&stream)?;
        match entry {
            Entry::AtRest { bytes, resident, .. } => {
                self.bytes -= bytes;
                Some((stream, bytes, resident))
            }
            Entry::Served(_) => None,
        }
    }

    /// The last use of the longest unused stream at rest.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.at_rest.first_key_value().map(|(used, _)| *used)
    }

    /// What the streams at rest take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
