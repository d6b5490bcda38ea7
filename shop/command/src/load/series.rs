//! What happened in each second of a run.

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::latency::{Latency, histogram};

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Second {
    /// Counted from the first placing, from 0.
    #[serde(rename = "second")]
    pub(crate) number: u64,
    /// Orders that were due: sent, or not sent because too many requests were under way.
    pub(crate) offered: u64,
    /// Orders that the shop recorded.
    pub(crate) accepted: u64,
    /// Orders that it refused for now.
    pub(crate) busy: u64,
    /// Orders that ended.
    pub(crate) ended: u64,
    /// From placing to end, of those that ended, in milliseconds: half took less; 0 if none did.
    pub(crate) final_p50_ms: f64,
    /// The same for 99 in a hundred.
    pub(crate) final_p99_ms: f64,
}

/// The seconds so far.
#[derive(Default)]
pub(super) struct Series {
    begin: Option<Instant>,
    over: Vec<Second>,
    /// The last one, not over yet, and how long its orders took.
    now: Second,
    took: Option<Histogram<u64>>,
}

impl Series {
    /// The second of this moment. Moments come in order, but for some that are a little late: they count as now.
    pub(super) fn at(&mut self, now: Instant) -> &mut Second {
        let begin = *self.begin.get_or_insert(now);
        let number = now.saturating_duration_since(begin).as_secs();
        while self.now.number < number {
            self.close();
        }
        &mut self.now
    }

    /// An order has ended, so many microseconds after its placing.
    pub(super) fn ended(&mut self, now: Instant, micros: u64) {
        self.at(now).ended += 1;
        self.took.get_or_insert_with(histogram).saturating_record(micros);
    }

    pub(super) fn finish(mut self) -> Vec<Second> {
        if self.begin.is_some() {
            self.close();
        }
        self.over
    }

    fn close(&mut self) {
        if let Some(took) = self.took.take() {
            let Latency { p50, p99, .. } = Latency::of(&took);
            (self.now.final_p50_ms, self.now.final_p99_ms) = (p50, p99);
        }
        self.over.push(self.now);
        self.now = Second { number: self.now.number + 1, ..Second::default() };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_second_is_there_also_those_without_any_orders() {
        let start = Instant::now();
        let mut series = Series::default();
        series.at(start).accepted += 2;
        for micros in [1_000, 2_000, 5_000] {
            series.ended(start + Duration::from_millis(900), micros);
        }
        series.ended(start + Duration::from_millis(2_100), 9_000);
        // A moment that is a little late.
        series.at(start + Duration::from_millis(1_900)).busy += 1;
        let seconds = series.finish();
        let of = |second: &Second| (second.number, second.accepted, second.busy, second.ended);
        let counted: Vec<_> = seconds.iter().map(of).collect();
        assert_eq!(counted, [(0, 2, 0, 3), (1, 0, 0, 0), (2, 0, 1, 1)]);
        let slow: Vec<_> = seconds.iter().map(|second| second.final_p99_ms.round()).collect();
        assert_eq!(slow, [5.0, 0.0, 9.0]);
        let half: Vec<_> = seconds.iter().map(|second| second.final_p50_ms.round()).collect();
        assert_eq!(half, [2.0, 0.0, 9.0]);
        assert_eq!(Series::default().finish(), []);
    }
}
