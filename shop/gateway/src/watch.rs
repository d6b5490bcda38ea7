//! What does not work as it should, since when, and what was wrong in the last day.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Mutex,
    time::Duration,
};

use kernel::{Clock, Timestamp, sync};
use serde::Serialize;
use utoipa::ToSchema;

/// Outages that are over are kept for so long.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// Outages kept at once: a part that comes and goes every few seconds does not fill the memory.
const KEPT_MAX: usize = 500;
/// After its own start the gateway gives the others so long to be heard for the first time.
const START: Duration = Duration::from_secs(10);

/// How a part of the shop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) enum State {
    Ready,
    /// It works, but some events wait in its inbox.
    Degraded,
    /// It works, but is far behind the log.
    Slow,
    /// It is there, but cannot answer requests.
    NotReady,
    /// It is not heard.
    Away,
}

/// How a part is now, and why it is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) state: State,
    pub(crate) reason: String,
    /// Since when, where the part itself tells it better than the look that noticed it.
    pub(crate) since: Option<Timestamp>,
}

/// A time in which a part did not work as it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Outage {
    /// The service's name; `event bus` for the connection to the broker.
    pub(crate) part: String,
    pub(crate) state: State,
    /// Why, in a sentence; the last known one.
    pub(crate) reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
    /// When it was over; null while it lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Timestamp>,
}

/// Watches the parts. What was before its own start is not known.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    begun: Option<(Timestamp, Duration)>,
    /// Parts that were at work since.
    seen: BTreeSet<String>,
    /// By part; those that are ready have none.
    now: BTreeMap<String, Outage>,
    /// The newest last.
    past: VecDeque<Outage>,
}

impl Condition {
    pub(crate) fn ready() -> Self {
        Self { state: State::Ready, reason: String::new(), since: None }
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
    /// Takes note of how all parts are now. Each outage is logged once when it begins, and once when it is over.
    pub(crate) fn look(
        &self,
        parts: impl IntoIterator<Item = (String, Condition)>,
        clock: &dyn Clock,
    ) {
        let (now, elapsed) = (clock.now(), clock.elapsed());
        let mut inner = sync::lock(&self.0);
        let (_, begun) = *inner.begun.get_or_insert((now, elapsed));
        let is_starting = elapsed < begun + START;
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

    /// Since when there is a watch.
    pub(crate) fn begun(&self) -> Option<Timestamp> {
        sync::lock(&self.0).begun.map(|(at, _)| at)
    }

    /// What is wrong with a part now.
    pub(crate) fn outage(&self, part: &str) -> Option<Outage> {
        sync::lock(&self.0).now.get(part).cloned()
    }

    /// All outages of the last day, the newest first; those that last are in front.
    pub(crate) fn timeline(&self) -> Vec<Outage> {
        let inner = sync::lock(&self.0);
        let mut all: Vec<Outage> =
            inner.now.values().chain(inner.past.iter().rev()).cloned().collect();
        all.sort_by_key(|outage| std::cmp::Reverse((outage.until.is_none(), outage.since)));
        all
    }
}

impl Inner {
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
                tracing::info!(part, seconds, "works again; it did not as it should for so long");
            }
            self.past.push_back(over);
        }
        if state == State::Ready {
            return;
        }
        tracing::warn!(part, reason, "{part} {state}; this is said once until it changes");
        let outage = Outage { part: part.clone(), state, reason, since, until: None };
        self.now.insert(part, outage);
    }

    /// Ends what was noted of parts that nobody expects any more, such as a guest that left.
    fn gone(&mut self, there: &BTreeSet<String>, now: Timestamp) {
        self.seen.retain(|part| there.contains(part));
        let over = self.now.extract_if(.., |part, _| !there.contains(part));
        let over: Vec<Outage> = over.map(|(_, outage)| outage).collect();
        self.past.extend(over.into_iter().map(|outage| Outage { until: Some(now), ..outage }));
    }

    fn forget(&mut self, now: Timestamp) {
        let is_old =
            |outage: &Outage| outage.until.is_some_and(|until| now.since(until) > KEPT_FOR);
        while self.past.front().is_some_and(is_old) || self.past.len() > KEPT_MAX {
            self.past.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
