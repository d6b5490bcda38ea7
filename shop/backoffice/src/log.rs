//! Reads the event store through the gateway: forwards, and backwards page by page.

use contracts::rest::events::{Head, RecordedEvent};
use site::{Failure, Listing, given, no_such_page};

use crate::manager::ManagerVisit;

/// Events read at once.
const PAGE: u64 = 500;
/// The first stretch looked through for the newest events of a kind, and the longest.
const STRETCH_MIN: u64 = 500;
const STRETCH_MAX: u64 = 8_000;
/// How far back one page looks; the next page continues from there.
const STRETCHES_MAX: usize = 12;

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) category: String,
    pub(crate) kind: String,
}

/// Events, the newest first.
pub(crate) struct Newest {
    pub(crate) events: Vec<RecordedEvent>,
    /// Where older ones are looked for: before this position.
    pub(crate) before: Option<u64>,
}

impl Filter {
    /// Whether `event` is one of those asked for.
    pub(crate) fn takes(&self, event: &RecordedEvent) -> bool {
        let category = event.stream.split('-').next().unwrap_or_default();
        (self.category.is_empty() || self.category == category)
            && (self.kind.is_empty() || self.kind == event.r#type)
    }

    fn is_empty(&self) -> bool {
        self.category.is_empty() && self.kind.is_empty()
    }
}

/// The last position of the log.
pub(crate) async fn head(manager: &ManagerVisit) -> Result<u64, Failure> {
    let Head { position } = manager.get("/events/head", &[("", ""); 0]).await?;
    Ok(position)
}

/// The event at `position`.
pub(crate) async fn at(manager: &ManagerVisit, position: u64) -> Result<RecordedEvent, Failure> {
    let from = position.to_string();
    let query = [("From", &*from), ("Limit", "1")];
    let found = manager.get("/events/read-all", &query).await.map_err(no_such_page)?;
    let Listing::<RecordedEvent> { items, .. } = found;
    let found = items.into_iter().next().filter(|event| event.position == position);
    found.ok_or(Failure::NotFound)
}

/// Events of `stream` from version `from` on, `count` at most.
pub(crate) async fn of_stream(
    manager: &ManagerVisit,
    stream: &str,
    from: u64,
    count: u64,
) -> Result<Listing<RecordedEvent>, Failure> {
    let (from, count) = (from.to_string(), count.clamp(1, PAGE).to_string());
    let query = [("Stream", stream), ("From", &*from), ("Limit", &*count)];
    manager.get("/events/read-stream", &query).await.map_err(no_such_page)
}

/// The version of the last event of `stream`, found by halving, since no call tells it.
pub(crate) async fn last_version(
    manager: &ManagerVisit,
    stream: &str,
) -> Result<Option<u64>, Failure> {
    let first = of_stream(manager, stream, 0, PAGE).await?;
    let Some(last) = first.items.last() else { return Ok(None) };
    if first.next.is_none() {
        return Ok(Some(last.version));
    }
    let mut known = last.version;
    let mut beyond = known.saturating_mul(2).max(PAGE);
    while let Some(there) = of_stream(manager, stream, beyond, 1).await?.items.first() {
        known = there.version;
        beyond = beyond.saturating_mul(2);
    }
    while known + 1 < beyond {
        let middle = known + (beyond - known) / 2;
        match of_stream(manager, stream, middle, 1).await?.items.first() {
            Some(_) => known = middle,
            None => beyond = middle,
        }
    }
    Ok(Some(known))
}

/// The newest `count` events before position `before` that `filter` takes.
pub(crate) async fn newest(
    manager: &ManagerVisit,
    mut before: u64,
    filter: &Filter,
    count: usize,
) -> Result<Newest, Failure> {
    let mut events = Vec::new();
    let mut stretch = if filter.is_empty() { count as u64 } else { STRETCH_MIN };
    for _ in 0..STRETCHES_MAX {
        let from = before.saturating_sub(stretch).max(1);
        let mut found = between(manager, from, before, filter).await?;
        found.reverse();
        events.extend(found);
        before = from;
        if events.len() >= count || from == 1 {
            break;
        }
        stretch = (stretch * 2).min(STRETCH_MAX);
    }
    let cut = events.len() > count;
    events.truncate(count);
    let last = events.last().map(|event| event.position);
    let before = if cut { last } else { Some(before).filter(|before| *before > 1) };
    Ok(Newest { events, before })
}

/// All events from `from` on and before `before` that `filter` takes.
async fn between(
    manager: &ManagerVisit,
    from: u64,
    before: u64,
    filter: &Filter,
) -> Result<Vec<RecordedEvent>, Failure> {
    let mut found = Vec::new();
    let (from, limit) = (from.to_string(), before.saturating_sub(from).clamp(1, PAGE).to_string());
    let mut after = String::new();
    loop {
        let query = given([
            ("From", &from),
            ("Category", &filter.category),
            ("Type", &filter.kind),
            ("Limit", &limit),
            ("After", &after),
        ]);
        let page = manager.get("/events/read-all", &query).await.map_err(no_such_page)?;
        let Listing::<RecordedEvent> { items, next, .. } = page;
        let passed = items.last().is_none_or(|last| last.position >= before);
        found.extend(items.into_iter().filter(|event| event.position < before));
        match next {
            Some(next) if !passed => after = next,
            _ => return Ok(found),
        }
    }
}
