//! Planted bugs: eleven ways to break a promise, each of which the worlds must find.
//!
//! They are injected from outside, at the ports, so that the services contain no code for them.

use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use contracts::{
    order::{OrderEvent, Placed},
    product::ProductEvent,
};
use eventlog::{Access, File, Files, Lock, simdisk::SimDisk};
use kernel::{Actor, EventId, NewEvent, Recorded, StreamId, Timestamp, Version, sync};
use runtime::sqlite::{self, Location};
use serde_json::value::to_raw_value;
use store::{Append, NoReply, Page, Read};
use store::{Commit, StoreFailure, Writer, log::LogWriter};

use testkit::{BusFault, Dice, Meddler};

use crate::{
    faults::{Fault, Tally},
    forgery::is_unreadable,
};

/// How much more time than they have the order service believes that orders have, with [`PlantedBug::IgnoredLag`]: so much that none is
/// ever late. What it lets in at once is a part of that.
pub(crate) const BELIEVED: Duration = Duration::from_hours(24);

// ANCHOR: bugs
/// A bug, planted into a whole world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedBug {
    /// The event store answers before its events are on the disk.
    AnswerBeforeSync,
    /// The product service releases what it had reserved twice.
    DoubleRelease,
    /// The accounting service forgets to record what it reacted to.
    LostCauseMark,
    /// A subscriber continues after a gap.
    SkippedGap,
    /// The order service never looks at the clock.
    IgnoredDeadline,
    /// The event store never dates an event before the one before it, however wrong that one's time was.
    DatedByLastEvent,
    /// Subscribers stop at an event that they cannot read.
    StoppedByForgery,
    /// The order service accepts without looking at the lag.
    IgnoredLag,
    /// A reader passes over events of a schema that is newer than it knows.
    IgnoredSchema,
    /// A rebuilt read model serves in place of the one before without being equal to it.
    UnequalSwitch,
    /// What waited behind an event in an inbox is taken up in another order than it was recorded in.
    ReorderedRetry,
}
// ANCHOR_END: bugs

impl PlantedBug {
    pub const ALL: [Self; 11] = [
        Self::AnswerBeforeSync,
        Self::DoubleRelease,
        Self::LostCauseMark,
        Self::SkippedGap,
        Self::IgnoredDeadline,
        Self::DatedByLastEvent,
        Self::StoppedByForgery,
        Self::IgnoredLag,
        Self::IgnoredSchema,
        Self::UnequalSwitch,
        Self::ReorderedRetry,
    ];

    fn spoil_append(self, mut append: Append) -> Result<Append, NoReply> {
        match self {
            Self::DoubleRelease => {
                let twice = |event: &NewEvent| match event.kind.as_str() {
                    ProductEvent::STOCK_RELEASED => vec![event.clone(), again(event)],
                    _ => vec![event.clone()],
                };
                append.events = append.events.iter().flat_map(twice).collect();
            }
            Self::LostCauseMark if append.stream == contracts::accounting::stream() => {
                let forgetful = |event: &NewEvent| {
                    let mut event = event.clone();
                    event.metadata.cause = None;
                    event
                };
                append.events = append.events.iter().map(forgetful).collect();
            }
            Self::IgnoredDeadline => {
                let deadline = Actor::reactor(contracts::order::DEADLINE_REACTOR);
                if append.events.iter().any(|event| event.metadata.actor == deadline) {
                    return Err(NoReply::Lost);
                }
            }
            Self::IgnoredLag => append.events = append.events.iter().map(with_deadline).collect(),
            Self::LostCauseMark
            | Self::AnswerBeforeSync
            | Self::SkippedGap
            | Self::DatedByLastEvent
            | Self::StoppedByForgery
            | Self::IgnoredSchema
            | Self::UnequalSwitch
            | Self::ReorderedRetry => {}
        }
        Ok(append)
    }

    /// Whether an event never arrives at a subscriber, nor any behind it.
    fn stops_at(self, event: &Recorded) -> bool {
        self == Self::StoppedByForgery && is_unreadable(event)
    }

    fn spoil_page(self, read: &Read, mut page: Page, dice: &Dice) -> Result<Page, NoReply> {
        if page.events.iter().any(|event| self.stops_at(event)) {
            return Err(NoReply::Lost);
        }
        if self == Self::SkippedGap
            && matches!(read, Read::All { .. })
            && page.events.len() > 1
            && dice.happens(20)
        {
            // Not the first one: by that a subscriber recognises the log.
            page.events.remove(1);
        }
        Ok(page)
    }
}

/// Counts what goes wrong on a world's bus, and works the planted bug into what passes.
pub(crate) struct Saboteur {
    pub(crate) tally: Tally,
    pub(crate) bug: Option<PlantedBug>,
    pub(crate) dice: Dice,
    /// The unreadable events that were read so far: behind them others wait.
    pub(crate) unreadable: Mutex<BTreeSet<(StreamId, Version)>>,
}

impl Saboteur {
    /// What is read behind an unreadable event, last first.
    fn reorder(&self, read: &Read, page: &mut Page) {
        let mut unreadable = sync::lock(&self.unreadable);
        let poison = page.events.iter().filter(|event| is_unreadable(event));
        unreadable.extend(poison.map(|event| (event.stream.clone(), event.version)));
        if let Read::Stream { stream, from } = read
            && unreadable.contains(&(stream.clone(), Version(from.0.saturating_sub(1))))
        {
            page.events.reverse();
        }
    }
}

impl Meddler for Saboteur {
    fn struck(&self, fault: BusFault, _: Option<&Recorded>) {
        self.tally.count(Fault::Bus(fault));
    }

    fn withholds(&self, event: &Recorded) -> bool {
        self.bug.is_some_and(|bug| bug.stops_at(event))
    }

    fn append(&self, append: Append) -> Result<Append, NoReply> {
        match self.bug {
            Some(bug) => bug.spoil_append(append),
            None => Ok(append),
        }
    }

    fn page(&self, read: &Read, mut page: Page) -> Result<Page, NoReply> {
        match self.bug {
            Some(PlantedBug::ReorderedRetry) => {
                self.reorder(read, &mut page);
                Ok(page)
            }
            Some(bug) => bug.spoil_page(read, page, &self.dice),
            None => Ok(page),
        }
    }
}

/// The same event; if it is an order's beginning, with the deadline that the shop's orders have.
fn with_deadline(event: &NewEvent) -> NewEvent {
    let mut event = event.clone();
    if event.kind.as_str() == OrderEvent::PLACED
        && let Ok(mut placed) = serde_json::from_str::<Placed>(event.data.get())
    {
        placed.deadline = placed.deadline - BELIEVED;
        event.data = to_raw_value(&placed).expect("is JSON");
    }
    event
}

/// The same event once more, as another event.
fn again(event: &NewEvent) -> NewEvent {
    let id = EventId(uuid::Uuid::from_u128(event.id.0.as_u128() ^ 1));
    NewEvent { id, ..event.clone() }
}

/// A read model loses its rows, and is as far as it was.
pub(crate) fn lose_rows(location: &Location) -> rusqlite::Result<()> {
    let held = sqlite::hold(location)?;
    let connection = held.connection();
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'checkpoint'",
    )?;
    let names: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    drop(tables);
    names.iter().try_for_each(|name| connection.execute_batch(&format!("DELETE FROM \"{name}\"")))
}

/// An event store that dates nothing before the last event, as 0.1.0 did.
pub(crate) struct NeverBack {
    writer: LogWriter,
    last: Timestamp,
}

impl NeverBack {
    pub(crate) fn after(events: &[Arc<Recorded>], writer: LogWriter) -> Self {
        Self { writer, last: events.last().map(|event| event.time).unwrap_or_default() }
    }
}

#[async_trait]
impl Writer for NeverBack {
    async fn commit(&mut self, appends: &[Append], now: Timestamp) -> Result<Commit, StoreFailure> {
        let commit = self.writer.commit(appends, now.max(self.last)).await?;
        self.last = commit.recorded.last().map_or(self.last, |event| event.time);
        Ok(commit)
    }

    async fn probe(&mut self) -> Result<(), StoreFailure> {
        self.writer.probe().await
    }

    fn is_broken(&self) -> bool {
        self.writer.is_broken()
    }
}

/// A disk that reports file data as synced without syncing it.
pub(crate) struct Unsynced(pub(crate) Arc<SimDisk>);

struct UnsyncedFile(Arc<dyn File>);

impl Files for Unsynced {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(UnsyncedFile(self.0.create(path)?)))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(UnsyncedFile(self.0.open(path, access)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.0.lock(path)
    }
}

impl File for UnsyncedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.0.set_length(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}
