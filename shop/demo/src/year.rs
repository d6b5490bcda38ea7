//! A year of the sample shop, lived by the real services on one thread, in simulated time.

mod house;

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use customer::{Admin, Cost, NewPassword};
use kernel::Timestamp;
use registry::StartError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Reader as _, port::StoreFailure};
use thiserror::Error;

use crate::{
    desk::Refused,
    disk,
    plan::{self, Act, DAYS, Planned, Wish},
    shop::Shop,
};
use house::House;

const DAY: Duration = Duration::from_hours(24);
/// The shop that is opened afterwards has its first event later than this.
const LAST: Duration = Duration::from_mins(1);
/// What takes longer than this, in real time, does not happen any more.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often the end of an outage is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Where and how a year is lived.
pub struct Conditions {
    /// The folder of the log, which is not there yet.
    pub log: PathBuf,
    /// That of the shop.
    pub secret: [u8; 32],
    /// From which ids are drawn.
    pub seed: [u8; 32],
    pub admin_password: Option<NewPassword>,
    /// What a password's hash costs to compute.
    pub hashing: Cost,
    pub shop: registry::ShopSettings,
    /// The year ends now.
    pub now: Timestamp,
}

/// What a year came to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lived {
    /// Of the manager `admin`, if it was generated.
    #[serde(skip)]
    pub admin_password: Option<String>,
    pub categories: usize,
    pub products: usize,
    pub customers: usize,
    pub orders: u64,
}

/// Why there is no sample shop.
#[derive(Debug, Error)]
pub enum YearError {
    #[error("the sample shop's log cannot be made: {0}")]
    Open(#[from] eventlog::OpenError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the sample shop's log cannot be read: {0}")]
    Read(StoreFailure),
    #[error("the sample shop's log cannot be written: {0}")]
    Write(#[from] io::Error),
    #[error("the sample shop could not be made: {0}")]
    Refused(String),
    #[error("the sample shop stalled: {0} made no progress")]
    Still(String),
    #[error("stopped before the sample shop was made")]
    Stopped,
}

impl From<Refused> for YearError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.to_string())
    }
}

/// Lives the year on this thread, and returns once its log is durable; or at the next act after `stop` is set. Each day that begins is
/// reported by its number, from 1.
pub fn live(
    conditions: Conditions,
    stop: &AtomicBool,
    begins: impl Fn(u64),
) -> Result<Lived, YearError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let log = conditions.log.clone();
    let lived = runtime.block_on(async {
        let mut house = House::open(conditions).await?;
        let lived = house.live(stop, begins).await;
        // Its log is closed whatever came of it.
        house.close().await;
        lived
    })?;
    disk::sync(&log)?;
    Ok(lived)
}

impl House {
    async fn live(&mut self, stop: &AtomicBool, begins: impl Fn(u64)) -> Result<Lived, YearError> {
        self.wait_ready().await?;
        let admin_password = self.admin_password().await;
        let mut shop = Shop::new(self.desk());
        let mut today = 0;
        for Planned { at, act } in plan::year(&shop.goods, weekday(self.began)) {
            let day = at.as_secs() / DAY.as_secs() + 1;
            if day > today {
                today = day;
                begins(today.min(DAYS));
            }
            let at = self.began + at;
            if at + LAST > self.until {
                break;
            }
            if stop.load(Ordering::Relaxed) {
                return Err(YearError::Stopped);
            }
            self.calendar.move_to(at);
            match &act {
                Act::Outage(wishes) => self.outage(&mut shop, wishes).await?,
                act => shop.act(act).await?,
            }
            self.settle().await?;
        }
        let orders = statistics(&shop).await?.get("Total").and_then(Value::as_u64);
        Ok(Lived {
            admin_password,
            categories: shop.goods.categories(),
            products: count(&shop, "/product/get-categories?Limit=500", "Products").await?,
            customers: shop.goods.customers.len(),
            orders: orders.unwrap_or_default(),
        })
    }

    /// The product service is down, so that its answers do not come in time. Then it is back, and catches up.
    async fn outage(&mut self, shop: &mut Shop, wishes: &[Wish]) -> Result<(), YearError> {
        const DOWN: &str = "product";
        self.kill(DOWN).await;
        shop.act(&Act::Outage(wishes.to_vec())).await?;
        self.calendar.pass(self.shop.order_deadline + Duration::from_secs(1));
        let ended = async {
            while statistics(shop).await?.get("Open").and_then(Value::as_u64) != Some(0) {
                tokio::time::sleep(LOOK).await;
            }
            Ok::<_, YearError>(())
        };
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.map_err(|_| YearError::Still("the deadline".to_owned()))??;
        self.calendar.pass(Duration::from_secs(48));
        self.start(DOWN).await?;
        if let Some(router) = self.router(DOWN) {
            shop.desk.replace(DOWN, router);
        }
        self.wait_ready().await
    }

    /// Waits until every service has dealt with everything that is recorded, and recorded nothing more.
    async fn settle(&self) -> Result<(), YearError> {
        loop {
            let head = self.reader.head().await.map_err(YearError::Read)?;
            for follower in self.followers() {
                let reached = follower.wait_for(head, PATIENCE).await;
                reached.map_err(|_| YearError::Still(follower.name().to_owned()))?;
            }
            if self.reader.head().await.map_err(YearError::Read)? == head {
                return Ok(());
            }
        }
    }

    async fn wait_ready(&self) -> Result<(), YearError> {
        for follower in self.followers() {
            let ready = tokio::time::timeout(PATIENCE, follower.wait_ready()).await;
            ready.map_err(|_| YearError::Still(follower.name().to_owned()))?;
        }
        Ok(())
    }

    /// What the manager's password is, if it was made up.
    async fn admin_password(&self) -> Option<String> {
        match self.given.bootstrap()?.outcome().await {
            Some(Admin::Created { generated }) => generated.map(|made| made.expose().to_owned()),
            _ => None,
        }
    }
}

async fn statistics(shop: &Shop) -> Result<Value, YearError> {
    Ok(shop.desk.get("/order/get-order-statistics", Some(&shop.manager)).await?)
}

/// The sum of a field of what a list holds.
async fn count(shop: &Shop, call: &str, field: &str) -> Result<usize, YearError> {
    let answer = shop.desk.get(call, None).await?;
    let items = answer.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
    let sum: u64 = items.iter().filter_map(|item| item.get(field)?.as_u64()).sum();
    Ok(usize::try_from(sum).unwrap_or_default())
}

/// The midnight (UTC) with which the year up to `now` begins.
fn began(now: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_micros()).expect("a day is not that long");
    let days = i64::try_from(DAYS).expect("nor is a year");
    Timestamp::from_micros((now.micros().div_euclid(day) - days) * day)
}

/// Counted from Monday as 0. The first day of 1970 was a Thursday.
fn weekday(time: Timestamp) -> u64 {
    (time.since(Timestamp::default()).as_secs() / DAY.as_secs() + 3) % 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_begins_at_midnight_on_the_right_weekday() {
        let now: Timestamp = "2026-11-29T13:45:00Z".parse().expect("a time");
        assert_eq!(began(now).to_string(), "2025-11-29T00:00:00.000000Z");
        assert_eq!(weekday(began(now)), 5, "a Saturday");
    }
}
