//! What is not working, since when, and what failed in the last day.
//!
//! The program that watches the parts reports their condition to a [`Watch`], again and again. What it knows is a [`Record`], which can
//! be kept and given to the next watch, so that a restart forgets nothing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt, mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Clock, Timestamp, sync};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Outages that are over are kept for so long.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// Outages kept at once: a part that comes and goes every few seconds does not fill the memory.
const KEPT_MAX: usize = 1_000;
/// After its own start a watch gives the others so long to be seen for the first time.
const START: Duration = Duration::from_secs(10);
/// A record is kept so often, even if nothing else has changed: after a crash it says until when there was a watch.
const KEPT_EVERY: Duration = Duration::from_secs(10);
/// What a watch says of itself for the time in which there was none.
const NOT_RUNNING: &str =
    "It did not run. How the parts were that it watches is not known of this time.";

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum State {
    /// It works.
    Ready,
    /// It works, but something needs an operator, such as events in its inbox.
    Degraded,
    /// It works, but is far behind.
    Slow,
    /// It is there, but cannot answer requests.
    NotReady,
    /// It does not answer, or is not heard.
    Away,
}

/// How a part is now, and why it is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// In a word.
    pub state: State,
    /// Why, in a sentence; empty if it is ready.
    pub reason: String,
    /// Since when, where the part itself tells it better than the look that noticed it.
    pub since: Option<Timestamp>,
}

/// A time in which a part did not work as it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Outage {
    /// The part's name.
    pub part: String,
    /// How it was.
    pub state: State,
    /// Why, in a sentence; the last known one.
    pub reason: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was over; null while it lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// What a watch knows, to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// Since when it is known what was wrong.
    pub begun: Timestamp,
    /// Of the last look.
    pub at: Timestamp,
    /// Those that last, and those that are over, which come in order.
    pub outages: Vec<Outage>,
}

/// Watches parts. A cheap clone.
#[derive(Clone)]
pub struct Watch {
    /// What is called to watch them.
    watcher: &'static str,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// What was before is not known.
    begun: Option<Timestamp>,
    /// By the clock that never goes back.
    started: Option<Duration>,
    /// The last look.
    at: Timestamp,
    /// Parts that were at work since.
    seen: BTreeSet<String>,
    /// By part; those that are ready have none.
    now: BTreeMap<String, Outage>,
    /// The newest last.
    past: VecDeque<Outage>,
    /// Whether an outage began or ended since the last record.
    changed: bool,
    recorded: Option<Timestamp>,
}

impl Condition {
    /// That of a part that works.
    #[must_use]
    pub fn ready() -> Self {
        Self { state: State::Ready, reason: String::new(), since: None }
    }

    /// That of a part that does not answer.
    pub fn away(reason: impl Into<String>) -> Self {
        Self { state: State::Away, reason: reason.into(), since: None }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "works",
            Self::Degraded => "is degraded",
            Self::Slow => "is slow",
            Self::NotReady => "is not ready",
            Self::Away => "does not answer",
        })
    }
}

impl Watch {
    /// A watch that knows nothing yet. `watcher` is the part that looks; the time in which it did not run is an outage of its own.
    #[must_use]
    pub fn of(watcher: &'static str) -> Self {
        Self { watcher, inner: Arc::default() }
    }

    /// Goes on where the watch of an earlier process ended. To be called before the first look.
    pub fn resume(&self, record: Record, now: Timestamp) {
        let mut inner = sync::lock(&self.inner);
        let (lasting, over): (Vec<_>, Vec<_>) =
            record.outages.into_iter().partition(|outage| outage.until.is_none());
        inner.begun = Some(record.begun.min(now));
        inner.now = lasting.into_iter().map(|outage| (outage.part.clone(), outage)).collect();
        inner.past = over.into();
        inner.past.push_back(Outage {
            part: self.watcher.to_owned(),
            state: State::Away,
            reason: NOT_RUNNING.to_owned(),
            since: record.at.min(now),
            until: Some(now),
        });
        inner.changed = true;
        inner.forget(now);
    }

    /// Takes note of how all parts are now. Each outage is logged once when it begins, and once when it is over.
    pub fn look(&self, parts: impl IntoIterator<Item = (String, Condition)>, clock: &dyn Clock) {
        let (now, elapsed) = (clock.now(), clock.elapsed());
        let mut inner = sync::lock(&self.inner);
        inner.begun.get_or_insert(now);
        inner.at = now;
        let is_starting = elapsed < *inner.started.get_or_insert(elapsed) + START;
        let mut there = BTreeSet::new();
        for (part, condition) in parts {
            there.insert(part.clone());
            // What was never seen at work is on its way as well.
            if is_starting && condition.state > State::Slow && !inner.seen.contains(&part) {
                continue;
            }
            inner.seen.insert(part.clone());
            inner.note(part, condition, now);
        }
        inner.gone(&there, now);
        inner.forget(now);
    }

    /// Since when it is known what was wrong; none before the first look.
    #[must_use]
    pub fn begun(&self) -> Option<Timestamp> {
        sync::lock(&self.inner).begun
    }

    /// What is wrong with a part now.
    #[must_use]
    pub fn outage(&self, part: &str) -> Option<Outage> {
        sync::lock(&self.inner).now.get(part).cloned()
    }

    /// All outages of the last day, the newest first; those that last are in front.
    #[must_use]
    pub fn timeline(&self) -> Vec<Outage> {
        let inner = sync::lock(&self.inner);
        let mut all: Vec<Outage> =
            inner.now.values().chain(inner.past.iter().rev()).cloned().collect();
        all.sort_by_key(|outage| std::cmp::Reverse((outage.until.is_none(), outage.since)));
        all
    }

    /// What is to be kept now, if that is not what was asked for last: an outage began or ended, or the last record is some seconds old.
    #[must_use]
    pub fn unrecorded(&self) -> Option<Record> {
        let mut inner = sync::lock(&self.inner);
        inner.started?;
        let at = inner.at;
        let is_old = inner.recorded.is_none_or(|last| at.since(last) >= KEPT_EVERY);
        if !mem::take(&mut inner.changed) && !is_old {
            return None;
        }
        inner.recorded = Some(at);
        inner.record()
    }

    /// What is known, to be kept at the end.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        sync::lock(&self.inner).record()
    }
}

impl Inner {
    fn record(&self) -> Option<Record> {
        self.started?;
        let outages = self.past.iter().chain(self.now.values()).cloned().collect();
        Some(Record { begun: self.begun?, at: self.at, outages })
    }

    fn note(&mut self, part: String, condition: Condition, now: Timestamp) {
        let Condition { state, reason, since } = condition;
        if let Some(known) = self.now.get_mut(&part).filter(|known| known.state == state) {
            known.reason = reason;
            return;
        }
        let since = since.unwrap_or(now);
        let before = self.now.remove(&part);
        if let Some(mut over) = before {
            over.until = Some(since.max(over.since));
            if state == State::Ready {
                let seconds = now.since(over.since).as_secs();
                tracing::info!(part, seconds, "{part} recovered after {seconds} s");
            }
            self.over(over);
        }
        if state == State::Ready {
            return;
        }
        tracing::warn!(part, reason, "{part} {state}; logged once until it changes");
        let outage = Outage { part: part.clone(), state, reason, since, until: None };
        self.now.insert(part, outage);
        self.changed = true;
    }

    fn over(&mut self, outage: Outage) {
        self.past.push_back(outage);
        self.changed = true;
    }

    /// Ends what was noted of parts that are not expected any more, such as a guest that left.
    fn gone(&mut self, there: &BTreeSet<String>, now: Timestamp) {
        self.seen.retain(|part| there.contains(part));
        let over = self.now.extract_if(.., |part, _| !there.contains(part));
        let over: Vec<Outage> = over.map(|(_, outage)| outage).collect();
        for outage in over {
            self.over(Outage { until: Some(now), ..outage });
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let is_old =
            |outage: &Outage| outage.until.is_some_and(|until| now.since(until) > KEPT_FOR);
        while self.past.front().is_some_and(is_old) {
            self.past.pop_front();
        }
        while self.past.len() > KEPT_MAX {
            let first = self.past.pop_front();
            // What was before is not known any more.
            self.begun = self.begun.max(first.and_then(|outage| outage.until));
        }
    }
}

#[cfg(test)]
mod tests;
