//! The port of the event store: what an engine must guarantee so that the promises about recording hold.

use std::sync::Arc;

use crate::{Append, Appended, Page, Read};
use async_trait::async_trait;
use kernel::{Position, Recorded, Timestamp};
use thiserror::Error;

/// The one who records.
///
/// # Contract
/// - All appends of one call are judged in order, each against what is recorded and what those before it will record.
/// - Every answer (also a repetition's, also a conflict's) rests only on what is durable when the call returns.
/// - An append whose stream is not as expected is compared with what is recorded from the expected version on: all ids equal is the
///   original answer once more, anything else a conflict.
/// - After a failure nothing may be assumed, neither that the appends are recorded nor that they are not; every further call
///   first mends what failed, with the guarantees of a restart, and fails too while it cannot.
/// - Dropping the returned future leaves the store as a crash would.
#[async_trait]
pub trait Writer: Send + 'static {
    /// Records what can be recorded at `now`, be it before the last event's time: positions are the order, times are what a
    /// clock said.
    async fn commit(&mut self, appends: &[Append], now: Timestamp) -> Result<Commit, StoreFailure>;

    /// After a failure: whether it can record again. Mends what it can, and records nothing.
    async fn probe(&mut self) -> Result<(), StoreFailure>;

    /// Whether what failed is the store's own state, which a restart of the process may mend, rather than something outside that
    /// must be waited for.
    fn is_broken(&self) -> bool {
        false
    }
}

/// Imports events from another store, with their positions, versions, ids and times.
///
/// # Contract
/// - The events of one call follow the last one recorded: its position + 1, each version the next of its stream. Else
///   nothing is recorded and the failure has the reason.
/// - All of them are durable when the call returns, or, after a failure, all or none of them may be. So a call takes no more than a
///   page has.
#[async_trait]
pub trait Import: Send + 'static {
    /// Appends `events` as they are; an error says why none, or what failed.
    async fn import(&mut self, events: &[Arc<Recorded>]) -> Result<(), StoreFailure>;
}

/// Whether events go on where a store ends: at the position after `head`.
pub fn check_import(events: &[Arc<Recorded>], head: Position) -> Result<(), StoreFailure> {
    let mut next = head.next();
    for event in events {
        if event.position != next {
            return Err(StoreFailure(format!("position {} cannot follow {head}", event.position)));
        }
        next = next.next();
    }
    Ok(())
}

/// The reading side: any number at once, without blocking the writer.
///
/// Pages are contiguous: what is asked for and comes before [`Page::next`] is in this or an earlier page. Only what is durable
/// is seen.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// One page of what is asked for.
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure>;

    /// The same page where it is empty, and the engine knows that from memory, without waiting for a disk or a server: nothing was
    /// recorded from there on.
    fn recall(&self, _read: &Read) -> Option<Page> {
        None
    }

    /// The last position.
    async fn head(&self) -> Result<Position, StoreFailure>;

    /// The first position with an event at or after `time`, if there is one; also where times went back in between.
    async fn position_at(&self, time: Timestamp) -> Result<Option<Position>, StoreFailure>;
}

/// The outcomes of the appends of one call.
#[derive(Debug)]
pub struct Commit {
    /// An answer for each append, in order.
    pub answers: Vec<Appended>,
    /// What was recorded now, in order of position.
    pub recorded: Vec<Arc<Recorded>>,
}

/// The engine failed.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct StoreFailure(pub String);
