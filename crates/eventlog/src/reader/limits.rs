//! Limits of a read, and how far it got.

use std::ops::ControlFlow;

use crate::format::Record;

/// How much to give out at once. One record is always given, however large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// At most so many records.
    pub max_events: usize,
    /// At most so many bytes of records, by [`Record::size_bytes`].
    pub max_bytes: usize,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { max_events: usize::MAX, max_bytes: usize::MAX };

    /// This many records, of any size.
    pub const fn events(max_events: usize) -> Self {
        Self { max_events, max_bytes: usize::MAX }
    }
}

/// How far a read came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Where to read on: a version for a stream, else a position.
    pub next: u64,
    /// Whether a limit or the visitor ended the read, so that there may be more; otherwise everything there was, was given.
    pub more: bool,
}

/// Hands records to the visitor while the limits allow it.
pub(super) struct Taker<V> {
    visit: V,
    events_left: usize,
    bytes_left: usize,
    taken: bool,
    /// How many places were last asked of an index.
    pub(super) asked: usize,
    pub(super) next: u64,
    pub(super) full: bool,
}

impl<V: FnMut(Record<'_>) -> ControlFlow<()>> Taker<V> {
    pub(super) fn new(limits: Limits, next: u64, visit: V) -> Self {
        let (events_left, bytes_left) = (limits.max_events, limits.max_bytes);
        Self {
            visit,
            events_left,
            bytes_left,
            taken: false,
            asked: 0,
            next,
            full: events_left == 0,
        }
    }

    /// How many places to ask of an index; a list of them stays small, however much is read.
    pub(super) fn room(&mut self) -> usize {
        self.asked = self.events_left.min(4096);
        self.asked
    }

    pub(super) fn take(&mut self, record: Record<'_>, next: u64) -> ControlFlow<()> {
        let bytes = record.size_bytes();
        if self.full || self.events_left == 0 || (self.taken && bytes > self.bytes_left) {
            self.full = true;
            return ControlFlow::Break(());
        }
        self.taken = true;
        self.events_left -= 1;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.next = next;
        self.full = (self.visit)(record).is_break() || self.events_left == 0;
        if self.full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn page(&self) -> Page {
        Page { next: self.next, more: self.full }
    }
}
