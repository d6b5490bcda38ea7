//! Traffic: now and then a customer of the sample comes and buys something, or as often as is asked for.

use std::time::Duration;

use contracts::rest::customer::Credit;
use contracts::rest::product::Product;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use identity::Role;
use serde_json::json;
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{
    chance::Chance,
    desk::Refused,
    shop::{Shop, listed},
};

/// Between two visits, in milliseconds.
const BETWEEN_MS: std::ops::Range<u64> = 6_000..40_000;
/// Of so many visits, one is the manager's.
const MANAGES_PERCENT: u64 = 6;
/// A customer with less gets credit before buying, mostly.
const POOR_MINOR: i64 = 2_500;
const GRANTED: &str = "60.00";
const GRANTED_PERCENT: u64 = 85;
/// Visits at once: a shop that does not answer is not run over.
const VISITS_MAX: usize = 64;

/// How often customers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Off,
    /// Now and then.
    Gentle,
    /// How often in a minute; the seed decides who comes and what each wants.
    PerMinute {
        visits: u32,
        seed: u64,
    },
}

/// Comes and goes as often as the pace says.
pub(crate) async fn run(shop: &Shop, mut pace: watch::Receiver<Pace>, chance: Chance) {
    loop {
        let now = *pace.borrow_and_update();
        let coming = async {
            match now {
                Pace::Off | Pace::PerMinute { visits: 0, .. } => std::future::pending().await,
                Pace::Gentle => now_and_then(shop, &chance).await,
                Pace::PerMinute { visits, seed } => steadily(shop, visits, seed).await,
            }
        };
        tokio::select! {
            biased;
            changed = pace.changed() => if changed.is_err() { return },
            () = coming => {}
        }
    }
}

async fn now_and_then(shop: &Shop, chance: &Chance) {
    loop {
        tokio::time::sleep(Duration::from_millis(chance.within(BETWEEN_MS))).await;
        tolerated(visit(shop, chance).await);
    }
}

/// The nth visitor is the same for the same seed, however long the others take.
async fn steadily(shop: &Shop, per_minute: u32, seed: u64) {
    let mut ticks = tokio::time::interval(Duration::from_mins(1) / per_minute);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut visits = FuturesUnordered::new();
    for number in 0.. {
        loop {
            tokio::select! {
                biased;
                Some(done) = visits.next(), if !visits.is_empty() => tolerated(done),
                _ = ticks.tick(), if visits.len() < VISITS_MAX => break,
            }
        }
        visits.push(async move { visit(shop, &Chance::numbered(seed, number)).await });
    }
}

/// A part may be down, and someone may have changed the sample's goods: the next visit may go better.
fn tolerated(visit: Result<(), Refused>) {
    if let Err(refused) = visit {
        tracing::debug!(%refused, "a visit of the sample's traffic was refused");
    }
}

/// One visit: someone looks around, and mostly buys.
pub(crate) async fn visit(shop: &Shop, chance: &Chance) -> Result<(), Refused> {
    if chance.happens(MANAGES_PERCENT) {
        return shop.restock().await;
    }
    let customers: Vec<(&str, u64)> =
        shop.goods.customers.iter().map(|customer| (&*customer.user, 1)).collect();
    let Some(user) = chance.weighted(&customers) else { return Ok(()) };
    let customer = shop.desk.person(user, Role::Customer);
    let shelf = listed(&shop.desk.get("/product/get-all-products?Limit=200", None).await?);
    let Some(product) = choose(&shelf, chance) else { return Ok(()) };
    let credit = format!("/customer/get-credit?UserName={user}");
    let credit = shop.desk.get(&credit, Some(&customer)).await?;
    let credit: Option<Credit> = serde_json::from_value(credit).ok();
    let is_poor = credit.is_some_and(|credit| credit.available.0.minor() < POOR_MINOR);
    if is_poor && chance.happens(GRANTED_PERCENT) {
        let body = json!({ "UserName": user, "Change": GRANTED });
        shop.desk.post("/customer/set-credit", Some(&shop.manager), &body).await?;
    }
    let body = json!({
        "ProductId": product.product_id, "Quantity": chance.within(1..4), "Price": product.price.0.to_string(),
    });
    shop.desk.post("/order/place-order", Some(&customer), &body).await.map(drop)
}

/// Something from the shelf; what has run out is asked for seldom, and what is dear too.
pub(crate) fn choose<'a>(shelf: &'a [Product], chance: &Chance) -> Option<&'a Product> {
    let weights: Vec<(usize, u64)> = shelf
        .iter()
        .enumerate()
        .map(|(at, product)| {
            let is_cheap = product.price.0.minor() < 2_000;
            (at, if product.available > 0 && is_cheap { 10 } else { 1 })
        })
        .collect();
    chance.weighted(&weights).and_then(|at| shelf.get(at))
}
