//! What a running shop says of itself at one moment, and how it is shown.

use std::{fmt::Write as _, time::Duration};

use contracts::rest::order::Statistics;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    client::{Client, Error},
    events,
    status::{self, Balance, Instance, Lag, Service, Status},
    term::{Colour, paint},
};

/// Lags below this are what is under way just now.
const LAG_MIN: f64 = 1.0;

/// One look at a shop. What a part that is away would have said is missing.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sample {
    ready: bool,
    services: Vec<Service>,
    /// Of the order service.
    orders: Option<Statistics>,
    /// Of the event store: the last position.
    position: Option<u64>,
    #[serde(skip)]
    at: Instant,
}

/// What happened in each second between two looks.
pub(super) struct Rates {
    events: Option<f64>,
    orders: Option<f64>,
}

impl Sample {
    pub(super) async fn take(client: &Client) -> Result<Self, Error> {
        let Status { ready, services } = client.get_once(status::PATH).await?;
        // A part that is away does not hide the others.
        let orders = client.get_once("/order/get-order-statistics").await.ok();
        let position = events::head_once(client).await.ok();
        Ok(Self { ready, services, orders, position, at: Instant::now() })
    }

    pub(super) fn lines(&self, address: &str, rates: Option<&Rates>) -> Vec<String> {
        let state = state(self.ready, "ready", "not ready");
        let mut lines = vec![format!("Agora at {address}: {state}"), String::new()];
        lines.extend(self.totals(rates));
        lines.push(String::new());
        lines.push(paint(
            Colour::Bold,
            format_args!(
                "{:<12} {:<9} {:<22} {:>8} {:>8} {:>9}",
                "SERVICE", "STATE", "INSTANCE", "LAG", "EVENTS/S", "SET ASIDE"
            ),
        ));
        for service in &self.services {
            if service.instances.is_empty() {
                lines.push(format!("{:<12} {}", service.name, paint(Colour::Bad, "absent")));
            }
            lines.extend(service.instances.iter().map(|instance| line(&service.name, instance)));
        }
        lines.extend(self.faults());
        lines
    }

    fn totals(&self, rates: Option<&Rates>) -> Vec<String> {
        let rate = |rate: Option<f64>| match rate {
            Some(rate) => format!(", {rate:.1} a second"),
            None => String::new(),
        };
        let events = match self.position {
            Some(position) => {
                format!("{position} recorded{}", rate(rates.and_then(|rates| rates.events)))
            }
            None => paint(Colour::Bad, "the event store does not answer"),
        };
        let mut lines = vec![format!("events   {events}")];
        let Some(orders) = &self.orders else {
            lines.push(format!(
                "orders   {}",
                paint(Colour::Bad, "the order service does not answer")
            ));
            return lines;
        };
        let mut text =
            format!("{} placed{}", orders.total, rate(rates.and_then(|rates| rates.orders)));
        for (status, count) in &orders.by_status {
            // A string takes everything.
            let _always = write!(text, "; {count} {}", status.to_lowercase());
        }
        lines.push(format!("orders   {text}"));
        let times = orders.durations;
        lines.push(format!(
            "         median order time {:.1} ms, 99th percentile {:.1} ms",
            times.p50_ms, times.p99_ms
        ));
        lines
    }

    /// Sums that must agree and do not.
    fn faults(&self) -> impl Iterator<Item = String> {
        let instances = self.services.iter().flat_map(|service| &service.instances);
        let wrong = instances.flat_map(|instance| &instance.balances).filter(|sum| !sum.holds);
        wrong.map(|Balance { name, decimals, left, right, .. }| {
            let [left, right] = [*left, *right].map(|sum| written(sum, *decimals));
            let text = format!(
                "the sums of {name} differ: {left} and {right}; `agora rebuild --check` says where"
            );
            paint(Colour::Bad, text)
        })
    }
}

/// A sum with so many digits behind the decimal point.
fn written(sum: i64, decimals: u8) -> String {
    let parts = 10_u64.saturating_pow(decimals.into());
    let (sign, sum) = (if sum < 0 { "-" } else { "" }, sum.unsigned_abs());
    let (whole, part) = (sum / parts, sum % parts);
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part:0width$}", width = usize::from(decimals)),
    }
}

fn line(service: &str, instance: &Instance) -> String {
    let state = match (instance.here, instance.ready) {
        (false, _) => paint(Colour::Bad, format_args!("{:<9}", "absent")),
        (true, false) => paint(Colour::Warning, format_args!("{:<9}", "not ready")),
        (true, true) => paint(Colour::Good, format_args!("{:<9}", "ready")),
    };
    let lag = instance.lag.values().copied().max_by_key(|lag| lag.events);
    let lag = lag.unwrap_or(Lag { events: 0, seconds: 0.0 });
    let shown = format!("{:>8}", lag.events);
    let shown = if lag.seconds >= LAG_MIN { paint(Colour::Warning, shown) } else { shown };
    let aside = format!("{:>9}", instance.set_aside);
    let aside = if instance.set_aside > 0 { paint(Colour::Bad, aside) } else { aside };
    let rate = if instance.here { instance.throughput.max(0.0) } else { 0.0 };
    let row = format!("{service:<12} {state} {:<22} {shown} {rate:>8.1} {aside}", instance.name);
    row.trim_end().to_owned()
}
impl Rates {
    pub(super) fn between(before: &Sample, after: &Sample) -> Self {
        let passed = after.at.saturating_duration_since(before.at).max(Duration::from_millis(1));
        let rate = |before: Option<u64>, after: Option<u64>| {
            let more = after?.saturating_sub(before?);
            Some(f64::from(u32::try_from(more).unwrap_or(u32::MAX)) / passed.as_secs_f64())
        };
        let total = |sample: &Sample| sample.orders.as_ref().map(|orders| orders.total);
        Self {
            events: rate(before.position, after.position),
            orders: rate(total(before), total(after)),
        }
    }
}

fn state(holds: bool, yes: &str, no: &str) -> String {
    if holds { paint(Colour::Good, yes) } else { paint(Colour::Bad, no) }
}
