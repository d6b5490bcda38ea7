//! The results of a run, for people and for machines.

use std::io;

use serde::Serialize;

use super::{Latency, Second};
use sheets::BadRow;

use crate::term;

/// How a run went.
#[derive(Debug)]
pub(crate) struct Report {
    /// Orders that have ended.
    pub(crate) orders: u64,
    /// Orders that have not, when patience was at an end.
    pub(crate) unfinished: usize,
    /// From the first placing to the last end.
    pub(crate) seconds: f64,
    pub(crate) accepted_ms: Latency,
    pub(crate) final_ms: Latency,
    pub(crate) endings: Vec<Ending>,
    /// What the shop did not take.
    pub(crate) refused: Vec<BadRow>,
    /// Orders of an open loop that the shop refused with a time to come back: it was busy, or a part of it away.
    pub(crate) busy: u64,
    /// Orders of an open loop whose placing was not answered.
    pub(crate) unanswered: u64,
    /// Orders of an open loop that were due while too many requests were under way.
    pub(crate) unsent: u64,
    pub(crate) series: Vec<Second>,
}

/// How many orders ended in the same way.
#[derive(Debug, Serialize)]
pub(crate) struct Ending {
    pub(crate) status: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) orders: u64,
}

impl Report {
    pub(crate) fn orders_per_s(&self) -> f64 {
        let orders = u32::try_from(self.orders).unwrap_or(u32::MAX);
        if self.seconds > 0.0 { f64::from(orders) / self.seconds } else { 0.0 }
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        term::line(format_args!(
            "{} orders ended in {:.2} s: {:.0} orders/s",
            self.orders,
            self.seconds,
            self.orders_per_s()
        ))?;
        term::line("                       p50       p90       p99       max")?;
        for (what, latency) in
            [("place → accepted", self.accepted_ms), ("place → final", self.final_ms)]
        {
            latency.print(what)?;
        }
        for ending in &self.endings {
            let reasons = ending.reasons.join(", ");
            term::line(
                format_args!("{:>9} {} {reasons}", ending.orders, ending.status)
                    .to_string()
                    .trim_end(),
            )?;
        }
        for (count, what) in [
            (self.busy, "refused for now: the shop was busy"),
            (self.unanswered, "not answered: the connection broke, or it took too long"),
            (self.unsent, "not sent: too many requests were under way"),
            (self.unfinished as u64, "did not end"),
        ] {
            if count > 0 {
                term::line(format_args!("{count:>9} {what}"))?;
            }
        }
        Ok(())
    }
}
