//! Copies all events from one store to another, of any engines, and compares them afterwards.

use std::{collections::VecDeque, sync::Arc};

use crate::{Page, Read};
use kernel::{Position, Recorded};
use thiserror::Error;

use crate::{port::Import, port::Reader, port::StoreFailure};

/// The store that events are copied to: its two sides.
pub struct Target<'a> {
    /// Takes the events.
    pub import: &'a mut dyn Import,
    /// Reads what is there before and after.
    pub reader: &'a dyn Reader,
}

/// What a copy came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The last position, in both stores.
    pub head: Position,
    /// How many events were copied now; the others were there already.
    pub events: u64,
    /// Covers everything of every event: position, stream, version, id, type, schema number, time, metadata and data.
    pub hash: blake3::Hash,
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done now.
    pub step: Step,
    /// The position it has come to.
    pub done: Position,
    /// The position it goes to.
    pub total: Position,
}

/// What a copy does, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking whether what the target has is the beginning of the source.
    Comparing,
    /// Appending to the target what it lacks.
    Copying,
    /// Reading all of the target once more.
    Verifying,
}

/// Why there is no whole copy.
#[derive(Debug, Error)]
pub enum CopyError {
    /// Nothing was copied.
    #[error(
        "the target has other events than the source, from position {0} on; nothing was copied"
    )]
    Other(Position),
    /// Nothing was copied.
    /// Nothing was copied.
    #[error("the target has {target} events, the source only {source_head}; nothing was copied")]
    Longer {
        /// The last position of the source.
        source_head: Position,
        /// The last position of the target.
        target: Position,
    },
    /// A store leaves out a position; the copy cannot continue there.
    #[error("the {0} has no position {1}, although that is before its head")]
    Gap(Side, Position),
    /// The copy does not hold what was read from the source.
    #[error("the copy differs from the source: its hash is {found}, the source's {wanted}")]
    Differs {
        /// The hash of what was read from the source.
        wanted: blake3::Hash,
        /// The hash of what the target has.
        found: blake3::Hash,
    },
    /// A store failed; the copy can be resumed.
    #[error("{0}: {1}")]
    Store(Side, StoreFailure),
}

/// Which of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that is copied.
    Source,
    /// The one that receives the copy.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Copies what `from` has at this moment behind what `to` has, which must be the beginning of it, and reads the whole copy again.
///
/// Positions, versions, ids, times, metadata and data are the same in the copy. An interrupted copy resumes where it ended
/// when it is begun again. An append to the target meanwhile makes it fail.
pub async fn copy(
    from: &dyn Reader,
    to: Target<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Copied, CopyError> {
    let Target { import, reader: target } = to;
    let failed = |side| move |failure| CopyError::Store(side, failure);
    let head = from.head().await.map_err(failed(Side::Source))?;
    let there = target.head().await.map_err(failed(Side::Target))?;
    if there > head {
        return Err(CopyError::Longer { source_head: head, target: there });
    }
    let mut source = Walk::new(from, Side::Source, head);
    let mut hasher = blake3::Hasher::new();
    let mut present = Walk::new(target, Side::Target, there);
    while let Some(theirs) = present.next().await? {
        let ours = source.next().await?.map(|event| digest(&event));
        let theirs_digest = digest(&theirs);
        if ours != Some(theirs_digest) {
            return Err(CopyError::Other(theirs.position));
        }
        hasher.update(theirs_digest.as_bytes());
        progress(Progress { step: Step::Comparing, done: theirs.position, total: there });
    }
    while let Some(events) = source.page().await? {
        import.import(&events).await.map_err(failed(Side::Target))?;
        for event in &events {
            hasher.update(digest(event).as_bytes());
            progress(Progress { step: Step::Copying, done: event.position, total: head });
        }
    }
    let wanted = hasher.finalize();
    let found = hash_up_to(target, head, progress).await?;
    if found != wanted {
        return Err(CopyError::Differs { wanted, found });
    }
    let end = target.head().await.map_err(failed(Side::Target))?;
    if end != head {
        return Err(CopyError::Longer { source_head: head, target: end });
    }
    Ok(Copied { head, events: head.0 - there.0, hash: wanted })
}

async fn hash_up_to(
    target: &dyn Reader,
    head: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<blake3::Hash, CopyError> {
    let mut hasher = blake3::Hasher::new();
    let mut walk = Walk::new(target, Side::Target, head);
    while let Some(event) = walk.next().await? {
        hasher.update(digest(&event).as_bytes());
        progress(Progress { step: Step::Verifying, done: event.position, total: head });
    }
    Ok(hasher.finalize())
}

/// The hash of everything of an event, each part with its length.
fn digest(event: &Recorded) -> blake3::Hash {
    let Recorded { position, stream, version, id, kind, schema, time, metadata, data } = event;
    let metadata = serde_json::to_vec(metadata).expect("metadata is plain data");
    let mut hasher = blake3::Hasher::new();
    hasher.update(&position.0.to_le_bytes()).update(&version.0.to_le_bytes());
    hasher.update(id.0.as_bytes()).update(&schema.to_le_bytes());
    hasher.update(&time.micros().to_le_bytes());
    for part in
        [stream.as_str().as_bytes(), kind.as_str().as_bytes(), &metadata, data.get().as_bytes()]
    {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize()
}

/// All events of a store in order, up to a head.
struct Walk<'a> {
    reader: &'a dyn Reader,
    side: Side,
    head: Position,
    /// Where the next page begins.
    next: Position,
    read: VecDeque<Arc<Recorded>>,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a dyn Reader, side: Side, head: Position) -> Self {
        Self { reader, side, head, next: Position(1), read: VecDeque::new() }
    }

    async fn next(&mut self) -> Result<Option<Arc<Recorded>>, CopyError> {
        if self.read.is_empty() {
            self.read = self.page().await?.unwrap_or_default().into();
        }
        Ok(self.read.pop_front())
    }

    /// What was read ahead, or the next page; nothing behind the head.
    async fn page(&mut self) -> Result<Option<Vec<Arc<Recorded>>>, CopyError> {
        if !self.read.is_empty() {
            return Ok(Some(std::mem::take(&mut self.read).into()));
        }
        if self.next > self.head {
            return Ok(None);
        }
        let read = Read::All { from: self.next, categories: Vec::new() };
        let page = self.reader.read(&read).await;
        let Page { mut events, .. } =
            page.map_err(|failure| CopyError::Store(self.side, failure))?;
        events.retain(|event| event.position <= self.head);
        let Some(last) = events.last().map(|event| event.position) else {
            return Err(CopyError::Gap(self.side, self.next));
        };
        self.next = last.next();
        Ok(Some(events))
    }
}
