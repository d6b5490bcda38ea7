//! How long something took, over a whole run.

use std::io;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::term;

/// Longer durations count as this long: an hour, in microseconds.
const DURATION_MAX_US: u64 = 3_600_000_000;

/// Durations in microseconds.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, DURATION_MAX_US, 3).expect("the bounds are in order")
}

/// A distribution of durations, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub(crate) max: f64,
}

impl Latency {
    /// Of a histogram of microseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let millis = |micros: u64| f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0;
        let at = |quantile| millis(histogram.value_at_quantile(quantile));
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: millis(histogram.max()) }
    }

    pub(crate) fn print(&self, what: &str) -> io::Result<()> {
        let Self { p50, p90, p99, max } = self;
        term::line(format_args!("{what:<17} {p50:>8.2} {p90:>9.2} {p99:>9.2} {max:>9.2} ms"))
    }
}
