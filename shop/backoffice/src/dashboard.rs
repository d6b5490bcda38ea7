//! How the shop is doing: revenue, orders, what sells and what runs out. What a part does not answer is missing, and said to be.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use axum::{
    extract::{Query, State},
    response::{Response, sse::Event},
};
use contracts::rest::{accounting::Revenue, demo::Filling, order::Statistics, product::Product};
use futures_util::{
    future::{join, join5},
    stream,
};
use kernel::Timestamp;
use serde::Deserialize;
use site::{
    Amount, Badge, Count, Failure, Frame, Listing, Markup, Moment, Money, Page, ServerEvents, Shop,
    TimeOfDay, given, no_such_page,
};

use crate::{
    chart::{Bar, Columns, Year, month},
    compare::change,
    manager::{LowStock, ManagerVisit, written},
    sample::Sample,
    status::{self, Outage, Service, Status},
};

/// Products that sell best, and that run out first.
const SHOWN: usize = 8;
/// So long further changes are waited for before the page is told: a busy shop has thousands a second.
const BREATH: Duration = Duration::from_secs(1);
/// The page is told at least this often, so that it is known to be of now.
const PULSE: Duration = Duration::from_secs(10);
/// The pause before changes of orders are asked for again.
const RETRY: Duration = Duration::from_secs(3);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 10;
/// The same while the shop is being filled.
const FILLING_SECONDS: u32 = 2;

#[derive(Clone, Default, Deserialize)]
pub(crate) struct Asked {
    /// This year unless given.
    #[serde(default)]
    year: String,
    /// `off` to stop live updates of the page.
    #[serde(default)]
    live: String,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
pub(crate) struct Dashboard {
    frame: Frame,
    year: i16,
    /// The address of the live part; empty without live updates.
    live: String,
    figures: Figures,
    csrf: String,
}

/// What changes while the shop is open.
#[derive(Template)]
#[template(path = "figures.html")]
struct Figures {
    year: i16,
    revenue: Option<Revenue>,
    /// Of the year before; none where nothing was sold in it.
    before: Option<Revenue>,
    orders: Option<Statistics>,
    /// The products of which the fewest can be ordered, as far as that is few.
    scarce: Option<Vec<Product>>,
    has_products: bool,
    low_stock: LowStock,
    status: Option<Status>,
    currency: String,
    sample: Option<Sample>,
    at: Timestamp,
}

pub(crate) async fn dashboard(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Page<Dashboard>, Failure> {
    let figures = read(&manager, &shop, &asked.year).await?;
    let year = figures.year;
    let frame = manager.frame("Dashboard");
    let (frame, live) = if asked.live == "off" {
        (frame, String::new())
    } else {
        let seconds = if figures.filling().is_some() { FILLING_SECONDS } else { REFRESH_SECONDS };
        (frame.refreshing(seconds), format!("/live?year={year}"))
    };
    let csrf = manager.csrf();
    Ok(Page(Dashboard { frame, year, live, figures, csrf }))
}

/// The figures, again whenever an order moved, and every few seconds.
pub(crate) async fn live(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let follower = Follower { manager: manager.clone(), changes: None, told: Told::Nothing };
    let parts = stream::unfold((follower, shop, asked.year), async |(mut follower, shop, year)| {
        follower.wait().await;
        let figures = read(&follower.manager, &shop, &year).await.ok()?;
        follower.told = if figures.filling().is_some() { Told::Filling } else { Told::All };
        let part = Event::default().event("part").data(Markup::of(&figures).as_str());
        Some((part, (follower, shop, year)))
    });
    site::live(&manager, parts)
}

/// Follows the orders for one open page.
struct Follower {
    manager: ManagerVisit,
    /// None while the order service does not answer.
    changes: Option<ServerEvents>,
    told: Told,
}

/// What the page has been told.
enum Told {
    Nothing,
    All,
    /// As much as there is of a shop that is being filled.
    Filling,
}

impl Follower {
    /// Returns when the page is to be told again.
    async fn wait(&mut self) {
        let pulse = match self.told {
            Told::Nothing => return,
            Told::All => PULSE,
            // What is added first, goods and people, moves no order.
            Told::Filling => BREATH,
        };
        if self.changes.is_none() {
            let changes = self.manager.events("/order/order-events", &[("", ""); 0], None);
            self.changes = changes.await.ok();
        }
        let Some(changes) = &mut self.changes else {
            return tokio::time::sleep(RETRY.min(pulse)).await;
        };
        if let Ok(None) = tokio::time::timeout(pulse, moved(changes)).await {
            self.changes = None;
        }
    }
}

/// Waits for a change of an order, and for those that come with it; none if the stream has ended.
async fn moved(changes: &mut ServerEvents) -> Option<()> {
    changes.next().await?;
    let more = async { while changes.next().await.is_some() {} };
    let _the_time_is_up = tokio::time::timeout(BREATH, more).await;
    Some(())
}

async fn read(manager: &ManagerVisit, shop: &Shop, year: &str) -> Result<Figures, Failure> {
    let at = manager.now();
    let asked = given([("Year", year)]);
    let revenue = manager.get("/accounting/get-revenue", &asked).await.map_err(no_such_page);
    let revenue: Option<Revenue> = status::if_answered(revenue)?;
    // Accounting checks the year, and knows which one it is, if it answers.
    let this_year = || site::zone().local(at).year();
    let year = match &revenue {
        Some(revenue) => revenue.year,
        None => year.parse().unwrap_or_else(|_| this_year()),
    };
    let zone = site::zone();
    let (from, to) = (written(zone.year_begin(year)), written(zone.year_begin(year + 1)));
    let of_year = given([("From", &from), ("To", &to)]);
    let limit = SHOWN.to_string();
    let scarce = [("Sort", "-Available"), ("Limit", &*limit)];
    let before = (year - 1).to_string();
    let before = [("Year", &*before)];
    let orders = join(
        manager.get("/order/get-order-statistics", &of_year),
        manager.get::<Revenue>("/accounting/get-revenue", &before),
    );
    let ((orders, before), scarce, status, currency, sample) = join5(
        orders,
        manager.get("/product/get-all-products", &scarce),
        status::read(manager),
        shop.currency(manager),
        Sample::read(manager),
    )
    .await;
    let scarce: Option<Listing<Product>> = status::if_answered(scarce)?;
    let has_products = scarce.as_ref().is_some_and(|scarce| !scarce.items.is_empty());
    let low_stock = manager.low_stock();
    let is_low = |product: &Product| product.available <= low_stock.0;
    // The first year of all has none before it.
    let before = before.ok().filter(|before| before.invoices > 0);
    Ok(Figures {
        year,
        revenue,
        orders: status::if_answered(orders)?,
        before,
        scarce: scarce.map(|scarce| scarce.items.into_iter().filter(is_low).collect()),
        has_products,
        low_stock,
        status: status?,
        currency,
        sample,
        at,
    })
}

impl Figures {
    /// How far the shop is being filled with the sample, while it is.
    fn filling(&self) -> Option<Filling> {
        match self.sample {
            Some(Sample::Filling(filling)) => Some(filling),
            _ => None,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn amount(&self, money: &Money) -> Amount<'_> {
        Amount(*money, &self.currency)
    }

    /// What does not work as it should, with what that means.
    fn troubled(&self) -> Vec<(&Service, &Outage)> {
        self.status.as_ref().map_or_else(Vec::new, Status::troubled)
    }

    fn columns(&self, revenue: &Revenue) -> Columns {
        let minor = |revenue: &Revenue| {
            revenue.by_month.iter().map(|one| one.revenue.0.minor()).collect::<Vec<_>>()
        };
        let before = self.before.as_ref().map(minor).unwrap_or_default();
        let year = Year { values: minor(revenue), before, currency: &self.currency };
        let total = self.amount(&revenue.revenue.0);
        let best = revenue.by_month.iter().max_by_key(|one| one.revenue.0.minor());
        let best = best.map_or("", |best| month(best.month));
        let title =
            format!("Revenue by month of {}: {total} in all, most in {best}.", revenue.year);
        Columns::of_year(title, &year)
    }

    /// The change against the year before, of the months of this year that are over.
    fn change(&self, revenue: &Revenue) -> Option<String> {
        let now = site::zone().local(self.at);
        let months = if revenue.year == now.year() { now.month() - 1 } else { 12 };
        change(revenue, self.before.as_ref()?, months)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn month(&self, number: &i8) -> &'static str {
        month(*number)
    }

    /// What became of the orders: word, count and bar.
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn outcomes(&self, orders: &Statistics) -> Vec<(&'static str, u64, Bar)> {
        let all =
            [("Finalized", "good"), ("Canceled", "bad"), ("Approved", "busy"), ("Pending", "busy")];
        let whole = signed(orders.total);
        all.map(|(status, tone)| {
            let count = orders.by_status.get(status).copied().unwrap_or(0);
            (status, count, Bar::new(signed(count), whole, tone))
        })
        .into()
    }

    /// Why orders were canceled, where any were.
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn reasons(&self, orders: &Statistics) -> Vec<(String, u64)> {
        let some = orders.by_reason.iter().filter(|(_, count)| **count > 0);
        some.map(|(reason, count)| (reason.replace('-', " "), *count)).collect()
    }

    /// The products that brought in most: address, name, units, revenue and bar.
    fn top<'a>(&'a self, revenue: &'a Revenue) -> Vec<(String, &'a str, u64, Amount<'a>, Bar)> {
        let products = &revenue.by_product;
        let whole = products.first().map_or(1, |first| first.revenue.0.minor());
        let top = products.iter().take(SHOWN).map(|one| {
            let bar = Bar::new(one.revenue.0.minor(), whole, "plain");
            let address = format!("/products/{}", one.product_id);
            (address, &*one.product_name, one.quantity, self.amount(&one.revenue.0), bar)
        });
        top.collect()
    }

    fn stock(&self, product: &Product) -> Option<Badge> {
        self.low_stock.badge(product.available)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl HtmlSafe for Figures {}
