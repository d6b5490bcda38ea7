//! Tracks the orders of a run: which are open, how long they took, how they ended.

use std::collections::{BTreeMap, HashMap, VecDeque};

use hdrhistogram::Histogram;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    latency::{Latency, histogram},
    report::{Ending, Report},
    series::Series,
};
use sheets::BadRow;

use crate::shop::Order;

/// How many ended orders of unknown origin are kept: an order can end before the answer to its placing arrives, and others
/// may be shopping too. Far more than a shop ends within one answer's time.
const EARLY_MAX: usize = 65_536;

pub(super) struct Tracker {
    open: HashMap<Uuid, Instant>,
    /// Ended before we knew them to be ours, oldest first in `early_order`.
    early: HashMap<Uuid, (Order, Instant)>,
    early_order: VecDeque<Uuid>,
    all_placed: bool,
    first_start: Option<Instant>,
    last_end: Instant,
    last_change: Instant,
    accepted: Histogram<u64>,
    ended: Histogram<u64>,
    endings: BTreeMap<(String, Vec<String>), u64>,
    refused: Vec<BadRow>,
    busy: u64,
    unanswered: u64,
    unsent: u64,
    series: Series,
}

impl Tracker {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            open: HashMap::new(),
            early: HashMap::new(),
            early_order: VecDeque::new(),
            all_placed: false,
            first_start: None,
            last_end: now,
            last_change: now,
            accepted: histogram(),
            ended: histogram(),
            endings: BTreeMap::new(),
            refused: Vec::new(),
            busy: 0,
            unanswered: 0,
            unsent: 0,
            series: Series::default(),
        }
    }

    /// A placing begins.
    pub(super) fn started(&mut self, now: Instant) {
        self.first_start.get_or_insert(now);
        self.series.at(now).offered += 1;
    }

    /// The shop has taken an order; true if it has ended already.
    pub(super) fn placed(&mut self, id: Uuid, started: Instant, now: Instant) -> bool {
        self.accepted.saturating_record(micros(started, now));
        self.series.at(now).accepted += 1;
        self.last_change = now;
        let Some((order, at)) = self.early.remove(&id) else {
            self.open.insert(id, started);
            return false;
        };
        self.finish(&order, started, at);
        true
    }

    /// An order has ended; true if it was an open one of ours.
    pub(super) fn ended(&mut self, order: &Order, now: Instant) -> bool {
        if let Some(started) = self.open.remove(&order.id) {
            self.last_change = now;
            self.finish(order, started, now);
            return true;
        }
        if !self.all_placed && self.early.insert(order.id, (order.clone(), now)).is_none() {
            self.early_order.push_back(order.id);
            if self.early_order.len() > EARLY_MAX {
                let oldest = self.early_order.pop_front().expect("more than none");
                self.early.remove(&oldest);
            }
        }
        false
    }

    pub(super) fn refused(&mut self, row: BadRow) {
        self.refused.push(row);
    }

    /// The shop asked to come back later with an order.
    pub(super) fn busy(&mut self, now: Instant) {
        self.busy += 1;
        self.series.at(now).busy += 1;
    }

    /// There was no answer to an order: it may have been recorded, or not.
    pub(super) fn unanswered(&mut self) {
        self.unanswered += 1;
    }

    /// An order was due while too many were under way.
    pub(super) fn unsent(&mut self, now: Instant) {
        self.unsent += 1;
        self.series.at(now).offered += 1;
    }

    pub(super) fn all_placed(&mut self) {
        self.all_placed = true;
    }

    pub(super) fn all_ended(&self) -> bool {
        self.all_placed && self.open.is_empty()
    }

    /// How many of `planned` orders have not ended, placed or not.
    pub(super) fn unfinished(&self, planned: usize) -> usize {
        let ended = usize::try_from(self.ended.len()).unwrap_or(usize::MAX);
        let gone = usize::try_from(self.busy + self.unanswered + self.unsent).unwrap_or(usize::MAX);
        planned.saturating_sub(ended).saturating_sub(self.refused.len()).saturating_sub(gone)
    }

    /// When last an order of ours was taken or ended.
    pub(super) fn last_change(&self) -> Instant {
        self.last_change
    }

    /// The open orders that were placed first.
    pub(super) fn oldest_open(&self, most: usize) -> Vec<Uuid> {
        let mut open: Vec<_> = self.open.iter().map(|(id, started)| (*started, *id)).collect();
        open.sort_unstable();
        open.into_iter().take(most).map(|(_, id)| id).collect()
    }

    pub(super) fn report(mut self, unfinished: usize) -> Report {
        self.refused.sort_by_key(|row| row.line);
        let first_start = self.first_start.unwrap_or(self.last_end);
        let seconds = self.last_end.saturating_duration_since(first_start).as_secs_f64();
        let endings = self.endings.into_iter().map(|((status, reasons), orders)| Ending {
            status,
            reasons,
            orders,
        });
        Report {
            orders: self.ended.len(),
            unfinished,
            seconds,
            accepted_ms: Latency::of(&self.accepted),
            final_ms: Latency::of(&self.ended),
            endings: endings.collect(),
            refused: self.refused,
            busy: self.busy,
            unanswered: self.unanswered,
            unsent: self.unsent,
            series: self.series.finish(),
        }
    }

    fn finish(&mut self, order: &Order, started: Instant, now: Instant) {
        let took = micros(started, now);
        self.ended.saturating_record(took);
        self.series.ended(now, took);
        self.last_end = self.last_end.max(now);
        let mut reasons = order.reasons.clone();
        reasons.sort();
        *self.endings.entry((order.status.clone(), reasons)).or_default() += 1;
    }
}

fn micros(started: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(started).as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn order(id: u128, status: &str, reasons: &[&str]) -> Order {
        Order {
            id: Uuid::from_u128(id),
            status: status.to_owned(),
            stock_status: String::new(),
            credit_status: String::new(),
            reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            invoice_number: None,
        }
    }

    #[test]
    fn an_order_that_ends_before_its_placing_is_answered_counts_from_when_it_ended() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut tracker = Tracker::new(start);
        tracker.started(start);
        assert!(!tracker.ended(&order(1, "Finalized", &[]), after(5)), "not known to be ours yet");
        assert!(tracker.placed(Uuid::from_u128(1), start, after(9)));
        tracker.all_placed();
        assert!(tracker.all_ended());
        let report = tracker.report(0);
        assert_eq!((report.orders, report.seconds), (1, 0.005));
        assert!((report.final_ms.max - 5.0).abs() < 0.01, "{report:?}");
        assert!((report.accepted_ms.max - 9.0).abs() < 0.01, "{report:?}");
    }

    #[test]
    fn other_peoples_orders_do_not_count_and_repeated_news_counts_once() {
        let now = Instant::now();
        let mut tracker = Tracker::new(now);
        tracker.placed(Uuid::from_u128(1), now, now);
        tracker.placed(Uuid::from_u128(2), now, now);
        tracker.all_placed();
        let denied = order(1, "Canceled", &["out-of-stock", "low-credit"]);
        assert!(tracker.ended(&denied, now));
        assert!(!tracker.ended(&denied, now));
        assert!(!tracker.ended(&order(9, "Finalized", &[]), now));
        assert_eq!(tracker.oldest_open(5), [Uuid::from_u128(2)]);
        assert!(!tracker.all_ended());
        let report = tracker.report(1);
        assert_eq!(report.orders, 1);
        let ending = report.endings.first().expect("one ended");
        assert_eq!(ending.reasons, ["low-credit", "out-of-stock"]);
    }
}
