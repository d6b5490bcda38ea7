//! The shop's time zone, in which pages show times and parse days: the one that accounting uses for months and years.

use std::{
    fmt,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use futures_util::Stream;
use jiff::{
    Zoned,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use kernel::{Clock, Timestamp, sync};
use serde::Deserialize;

use crate::{client, client::Client};

/// The call of accounting that returns the zone.
const CALL: &str = "/accounting/get-time-zone";
/// How long an answer is good for: a shop changes its zone with a restart, if ever.
const FRESH: Duration = Duration::from_mins(1);
/// After a failure, what was known before (UTC at first) is used for this long.
const RETRY: Duration = Duration::from_secs(5);
/// Pages do not wait longer for it.
const TIMEOUT: Duration = Duration::from_secs(1);

tokio::task_local! {
    static OF_THE_PAGE: Zone;
}

/// A time zone. A cheap clone; shown by its name, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

/// The zone of the page that is being made.
#[must_use]
pub fn zone() -> Zone {
    OF_THE_PAGE.try_with(Clone::clone).unwrap_or_default()
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl Zone {
    /// The zone of that name in the tz database.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The time as clocks on the wall show it.
    #[must_use]
    pub fn local(&self, time: Timestamp) -> Zoned {
        time.to_jiff().to_zoned(self.0.clone())
    }

    /// When a day begins, such as `2026-11-23`; none if that is not a day.
    #[must_use]
    pub fn day_begin(&self, day: &str) -> Option<Timestamp> {
        self.begin(written_day(day)?)
    }

    /// When the day after begins.
    #[must_use]
    pub fn day_end(&self, day: &str) -> Option<Timestamp> {
        self.begin(written_day(day)?.tomorrow().ok()?)
    }

    /// When a year begins.
    #[must_use]
    pub fn year_begin(&self, year: i16) -> Option<Timestamp> {
        self.begin(Date::new(year, 1, 1).ok()?)
    }

    /// A time such as `2026-11-23T14:05`, as browsers write it; none if that is not a time.
    #[must_use]
    pub fn minute(&self, time: &str) -> Option<Timestamp> {
        if !time.contains('T') {
            return None;
        }
        self.instant(time.parse().ok()?)
    }

    /// Runs `page` as a page of this zone.
    pub(crate) async fn of_page<T>(self, page: impl Future<Output = T>) -> T {
        OF_THE_PAGE.scope(self, page).await
    }

    fn begin(&self, day: Date) -> Option<Timestamp> {
        self.instant(day.into())
    }

    /// Where clocks are set forward over a time, it is the one just as long after.
    fn instant(&self, time: DateTime) -> Option<Timestamp> {
        let zoned = time.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
    }
}

fn written_day(day: &str) -> Option<Date> {
    (day.len() == "2026-11-23".len()).then(|| day.parse().ok())?
}

/// A stream whose items are made as parts of a page are: in the page's zone.
pub(crate) struct Zonal<S> {
    zone: Zone,
    items: Pin<Box<S>>,
}

impl<S> Zonal<S> {
    /// `items` in the zone of the page that is being made.
    pub(crate) fn new(items: S) -> Self {
        Self { zone: zone(), items: Box::pin(items) }
    }
}

impl<S: Stream> Stream for Zonal<S> {
    type Item = S::Item;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let zone = self.zone.clone();
        OF_THE_PAGE.sync_scope(zone, || self.items.as_mut().poll_next(cx))
    }
}

/// The shop's zone, and how long this answer is valid.
#[derive(Default)]
pub(crate) struct Calendar {
    known: Mutex<Known>,
    /// Held by the one page that asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    zone: Zone,
    /// In monotonic time; zero before the first answer.
    good_until: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    time_zone: String,
}

impl Calendar {
    /// The shop's zone. One page asks the gateway, and the others go on with what is known; only the first ones wait for it.
    pub(crate) async fn zone(&self, clock: &dyn Clock, client: &Client) -> Zone {
        let known = self.known();
        if clock.elapsed() < known.good_until {
            return known.zone;
        }
        let asking = if known.good_until.is_zero() {
            self.asking.lock().await
        } else {
            let Ok(asking) = self.asking.try_lock() else { return known.zone };
            asking
        };
        let known = self.known();
        if clock.elapsed() < known.good_until {
            return known.zone;
        }
        let answer = tokio::time::timeout(TIMEOUT, ask(client)).await.ok().flatten();
        let good_for = if answer.is_some() { FRESH } else { RETRY };
        let zone = answer.unwrap_or(known.zone);
        *sync::lock(&self.known) =
            Known { zone: zone.clone(), good_until: clock.elapsed() + good_for };
        drop(asking);
        zone
    }

    fn known(&self) -> Known {
        sync::lock(&self.known).clone()
    }
}

async fn ask(client: &Client) -> Option<Zone> {
    let request = Request::get(CALL).body(Body::empty()).ok()?;
    let response = client.send(request).await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body = client::whole(response).await.ok()?;
    let Answer { time_zone } = serde_json::from_slice(&body).ok()?;
    let zone = Zone::named(&time_zone);
    if zone.is_none() {
        tracing::warn!(time_zone, "the shop's time zone is unknown here; times are shown in UTC");
    }
    zone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(time: Option<Timestamp>) -> String {
        time.map(|time| time.to_string()).unwrap_or_default()
    }

    #[test]
    fn days_years_and_minutes_begin_where_the_shop_is() {
        let utc = Zone::default();
        assert_eq!(written(utc.day_begin("2026-11-23")), "2026-11-23T00:00:00.000000Z");
        assert_eq!(written(utc.day_end("2026-12-31")), "2027-01-01T00:00:00.000000Z");
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        assert_eq!(written(berlin.year_begin(2027)), "2026-12-31T23:00:00.000000Z");
        assert_eq!(written(berlin.day_begin("2026-07-01")), "2026-06-30T22:00:00.000000Z");
        // The day on which clocks are set back has 25 hours.
        let (begin, end) = (berlin.day_begin("2026-10-25"), berlin.day_end("2026-10-25"));
        let hours = end.expect("a day").since(begin.expect("a day")).as_secs() / 3600;
        assert_eq!(hours, 25);
        assert_eq!(written(berlin.minute("2026-11-23T14:05")), "2026-11-23T13:05:00.000000Z");
        assert_eq!(berlin.minute("2026-11-23T14:05"), berlin.minute("2026-11-23T14:05:00"));
    }

    #[test]
    fn what_is_no_day_or_time_is_none() {
        let zone = Zone::default();
        for bad in ["", "today", "2026-13-01", "2026-02-30", "2026-11-23T00:00:00Z", "é026-11-23"]
        {
            assert_eq!(zone.day_begin(bad), None, "{bad}");
        }
        for bad in ["", "14:05", "2026-11-23", "2026-11-23T14:05:00Z", "2026-11-23T25:00"] {
            assert_eq!(zone.minute(bad), None, "{bad}");
        }
    }
}
