//! Events kept for followers, so that those that lag share what is read and parsed: the last ones recorded, and pages of the log that
//! were read lately.
//!
//! A page read by one follower begins where the one before it ends, so followers share pages wherever each of them reads on.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use kernel::{Position, Recorded, sync};
use store::{Page, Read, StoreFailure, port::Reader};

/// What an event takes, as a multiple of its size: it is parsed as well.
const PARSED: usize = 2;

/// The events that are kept.
#[derive(Debug)]
pub(super) struct Pages {
    recent: Mutex<Recent>,
    past: Mutex<Past>,
    /// Held while the engine reads a page, so that the next who wants the same one finds it.
    reading: tokio::sync::Mutex<()>,
    /// The end of the log, as far as is known here.
    head: AtomicU64,
    /// For the recent ones, and for the past ones.
    bytes_max: usize,
}

/// The last events recorded here, with consecutive positions.
#[derive(Debug, Default)]
struct Recent {
    events: VecDeque<Arc<Recorded>>,
    bytes: usize,
}

/// Pages, by their first position.
#[derive(Debug, Default)]
struct Past {
    pages: BTreeMap<Position, Kept>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    events: Vec<Arc<Recorded>>,
    bytes: usize,
    used: u64,
}

/// Consecutive events on their way to be a page.
struct Taken {
    events: Vec<Arc<Recorded>>,
    bytes: usize,
    next: Position,
    full: bool,
}

impl Pages {
    /// No events yet, and never more than so many bytes of them.
    pub(super) fn new(bytes_max: usize) -> Self {
        let (recent, past, reading, head) = Default::default();
        Self { recent, past, reading, head, bytes_max: bytes_max / 2 }
    }

    /// Keeps what was just recorded.
    pub(super) fn recorded(&self, events: &[Arc<Recorded>]) {
        self.is_at_least(last_of(events));
        let mut recent = sync::lock(&self.recent);
        if let (Some(last), Some(first)) = (recent.last(), events.first()) {
            if first.position <= last {
                // The log was put back to an earlier state, and grows again from there.
                self.forget_past();
                self.head.store(last_of(events).0, Ordering::Relaxed);
            }
            if first.position != last.next() {
                // Or another event store recorded in between.
                *recent = Recent::default();
            }
        }
        recent.bytes += events.iter().map(|event| size(event)).sum::<usize>();
        recent.events.extend(events.iter().cloned());
        while recent.bytes > self.bytes_max {
            let Some(oldest) = recent.events.pop_front() else { return };
            recent.bytes -= size(&oldest);
        }
    }

    /// A page of the events recorded last, if the question is for such. It ends the log only if the engine knows that too.
    pub(super) fn recent(&self, read: &Read, reader: &impl Reader) -> Option<Page> {
        let mut taken = Taken::new(everything_from(read)?);
        sync::lock(&self.recent).give(&mut taken);
        if taken.events.is_empty() {
            return None;
        }
        let beyond = || Read::All { from: taken.next, categories: Vec::new() };
        let end = !taken.full && reader.recall(&beyond()).is_some();
        Some(taken.page(self.head(), end))
    }

    /// A page from what is kept and from the engine.
    pub(super) async fn read(
        &self,
        read: &Read,
        reader: &impl Reader,
    ) -> Result<Page, StoreFailure> {
        let Some(from) = everything_from(read) else { return reader.read(read).await };
        let mut taken = Taken::new(from);
        self.give(&mut taken);
        if taken.is_ample() {
            return Ok(taken.page(self.head(), false));
        }
        let _reading = self.reading.lock().await;
        // Another may have read it in the meantime.
        self.give(&mut taken);
        if taken.is_ample() {
            return Ok(taken.page(self.head(), false));
        }
        let wanted = Read::All { from: taken.next, categories: Vec::new() };
        let known = self.head();
        let page = reader.read(&wanted).await?;
        self.ends_at(page.head, known);
        if !page.end {
            self.keep(page.events.clone());
        }
        if taken.events.is_empty() {
            // Beyond the end of the log, only the engine's answer says where that is.
            return Ok(page);
        }
        taken.take_all(page.events.iter());
        let end = page.end && !taken.full;
        Ok(taken.page(page.head, end))
    }

    /// The end of the log, as far as is known here.
    pub(super) fn head(&self) -> Position {
        Position(self.head.load(Ordering::Relaxed))
    }

    /// Learns where the log ends from the engine, which was asked when its end was `known` to be there. One that ends before that was
    /// put back to an earlier state: what is kept may not be in it.
    pub(super) fn ends_at(&self, head: Position, known: Position) {
        if head >= known {
            return self.is_at_least(head);
        }
        *sync::lock(&self.recent) = Recent::default();
        self.forget_past();
        self.head.store(head.0, Ordering::Relaxed);
    }

    fn forget_past(&self) {
        *sync::lock(&self.past) = Past::default();
    }

    fn is_at_least(&self, head: Position) {
        self.head.fetch_max(head.0, Ordering::Relaxed);
    }

    fn give(&self, taken: &mut Taken) {
        sync::lock(&self.past).give(taken);
        sync::lock(&self.recent).give(taken);
    }

    fn keep(&self, events: Vec<Arc<Recorded>>) {
        let Some(first) = events.first().map(|event| event.position) else { return };
        let bytes = events.iter().map(|event| size(event)).sum();
        let mut past = sync::lock(&self.past);
        past.uses += 1;
        let used = past.uses;
        past.bytes += bytes;
        if let Some(replaced) = past.pages.insert(first, Kept { events, bytes, used }) {
            past.bytes -= replaced.bytes;
        }
        while past.bytes > self.bytes_max {
            let oldest = past.pages.iter().min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(first, _)| *first) else { return };
            if let Some(kept) = past.pages.remove(&oldest) {
                past.bytes -= kept.bytes;
            }
        }
    }
}

impl Recent {
    fn last(&self) -> Option<Position> {
        self.events.back().map(|event| event.position)
    }

    fn give(&self, taken: &mut Taken) {
        let first = self.events.front().map(|event| event.position);
        let skipped = first.and_then(|first| taken.next.0.checked_sub(first.0));
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        let Some(skipped) = skipped.filter(|skipped| *skipped < self.events.len()) else { return };
        taken.take_all(self.events.range(skipped..));
    }
}

impl Past {
    fn give(&mut self, taken: &mut Taken) {
        while !taken.full {
            let before = taken.next;
            let Some((first, kept)) = self.pages.range_mut(..=before).next_back() else { return };
            let skipped = usize::try_from(before.0 - first.0).unwrap_or(usize::MAX);
            let Some(events) = kept.events.get(skipped..) else { return };
            taken.take_all(events.iter());
            if taken.next == before {
                return;
            }
            self.uses += 1;
            kept.used = self.uses;
        }
    }
}

impl Taken {
    fn new(next: Position) -> Self {
        Self { events: Vec::new(), bytes: 0, next, full: false }
    }

    fn take_all<'e>(&mut self, events: impl Iterator<Item = &'e Arc<Recorded>>) {
        for event in events {
            if self.full {
                return;
            }
            self.take(event);
        }
    }

    /// Takes the next event, unless the page is full.
    fn take(&mut self, event: &Arc<Recorded>) {
        let bytes = event.size_bytes();
        let has_room = self.events.is_empty()
            || self.events.len() < Page::EVENTS_MAX && self.bytes + bytes <= Page::BYTES_MAX;
        if self.full || !has_room {
            self.full = true;
            return;
        }
        self.bytes += bytes;
        self.next = event.position.next();
        self.events.push(Arc::clone(event));
    }

    /// Whether it is worth an answer without the engine, which would add to it.
    fn is_ample(&self) -> bool {
        self.full || self.events.len() >= Page::EVENTS_MAX / 2
    }

    fn page(self, head: Position, end: bool) -> Page {
        let last = last_of(&self.events);
        Page { events: self.events, head: head.max(last), next: self.next, end }
    }
}

/// The position from which a question asks for all events of the log.
fn everything_from(read: &Read) -> Option<Position> {
    match read {
        Read::All { from, categories } if categories.is_empty() => Some((*from).max(Position(1))),
        Read::All { .. } | Read::Stream { .. } | Read::Last { .. } => None,
    }
}

fn last_of(events: &[Arc<Recorded>]) -> Position {
    events.last().map_or(Position::START, |event| event.position)
}

fn size(event: &Recorded) -> usize {
    PARSED * event.size_bytes()
}
