//! How the shop is doing: revenue, orders, what sells and what runs out. What a part does not answer is left out, and the page says so.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use axum::{
    Extension,
    extract::{Query, State},
    response::{Response, sse::Event},
};
use contracts::rest::{accounting::Revenue, demo::Filling, order::Statistics, product::Product};
use futures_util::{
    future::{join, join3, join5},
    stream,
};
use jiff::civil::Date;
use kernel::Timestamp;
use serde::Deserialize;
use site::{
    Amount, Badge, Count, Failure, Frame, Listing, Markup, Moment, Money, Page, ServerEvents, Shop,
    TimeOfDay, given,
};

use crate::{
    chart::{Bar, Columns},
    course::{Course, Sum},
    low_stock,
    manager::{LowStock, ManagerVisit, written},
    outage::{Outage, Trouble},
    period::{self, Period},
    sagas::Open,
    sample::Sample,
    status::{self, Status},
    watcher::{GATEWAY, STOREFRONT, Watcher},
};

/// Products that sell best, and that run out first.
const SHOWN: usize = 8;
/// Sums over years take a while in a busy shop; a part that hangs does not make the page hang.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long to wait for further changes before the page is updated: a busy shop has thousands a second.
const BREATH: Duration = Duration::from_secs(1);
/// The page is updated at least this often, so that it is known to be current.
const PULSE: Duration = Duration::from_secs(10);
/// The pause before changes of orders are asked for again.
const RETRY: Duration = Duration::from_secs(3);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 10;
/// The same while the shop is being filled.
const FILLING_SECONDS: u32 = 2;

#[derive(Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(flatten)]
    period: period::Asked,
    /// `off` to stop live updates of the page.
    #[serde(default)]
    live: String,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
pub(crate) struct Dashboard {
    frame: Frame,
    period: Period,
    today: Date,
    /// The address of the live part; empty without live updates.
    live: String,
    figures: Figures,
    csrf: String,
}

/// What changes while the shop is open.
#[derive(Template)]
#[template(path = "figures.html")]
struct Figures {
    period: Period,
    course: Option<Course>,
    /// Of the whole year, by product.
    revenue: Option<Revenue>,
    orders: Option<Statistics>,
    open: Option<Open>,
    /// The products of which the fewest can be ordered, as far as that is few.
    scarce: Option<Vec<Product>>,
    has_products: bool,
    low_stock: LowStock,
    status: Option<Status>,
    storefront: Option<Outage>,
    gateway: Option<Outage>,
    currency: String,
    sample: Option<Sample>,
    at: Timestamp,
}

pub(crate) async fn dashboard(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Extension(watcher): Extension<Watcher>,
    Query(asked): Query<Asked>,
) -> Result<Page<Dashboard>, Failure> {
    let looker = Looker { manager: manager.clone(), shop, watcher, asked: asked.period };
    let figures = Box::pin(looker.read()).await?;
    let (period, today) = (figures.period, figures.today());
    let frame = manager.frame("Dashboard");
    let (frame, live) = if asked.live == "off" {
        (frame, String::new())
    } else {
        let seconds = if figures.filling().is_some() { FILLING_SECONDS } else { REFRESH_SECONDS };
        (frame.refreshing(seconds), format!("/live?{}", period.query()))
    };
    let csrf = manager.csrf();
    Ok(Page(Dashboard { frame, period, today, live, figures, csrf }))
}

/// The figures, again whenever an order moved, and every few seconds.
pub(crate) async fn live(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Extension(watcher): Extension<Watcher>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let follower = Follower { manager: manager.clone(), changes: None, told: Told::Nothing };
    let looker = Looker { manager: manager.clone(), shop, watcher, asked: asked.period };
    let parts = stream::unfold((follower, looker), async |(mut follower, looker)| {
        follower.wait().await;
        let figures = Box::pin(looker.read()).await.ok()?;
        let was_filling = matches!(follower.told, Told::Filling);
        follower.told = if figures.filling().is_some() { Told::Filling } else { Told::All };
        let part = if was_filling && figures.filling().is_none() {
            // What can be done now is beside the figures.
            Event::default().event("reload").data("filled")
        } else {
            Event::default().event("part").data(Markup::of(&figures).as_str())
        };
        Some((part, (follower, looker)))
    });
    site::live(&manager, parts)
}

/// Who looks at the shop, and at which time of it.
struct Looker {
    manager: ManagerVisit,
    shop: Shop,
    watcher: Watcher,
    asked: period::Asked,
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

impl Looker {
    async fn read(&self) -> Result<Figures, Failure> {
        let Self { manager, shop, watcher, asked } = self;
        let (at, zone) = (manager.now(), site::zone());
        let period = asked.period(zone.local(at).date()).ok_or(Failure::NotFound)?;
        let [from, to] = period.times(&zone).map(written);
        let of_period = given([("From", &from), ("To", &to)]);
        let limit = SHOWN.to_string();
        let scarce = [("Sort", "-Available"), ("Limit", &*limit)];
        let orders = Box::pin(join3(
            figures(manager.get("/order/get-order-statistics", &of_period)),
            figures(Course::read(manager, period)),
            figures(Open::read(manager)),
        ));
        let ((orders, course, open), scarce, status, currency, sample) = join5(
            orders,
            join(
                figures(manager.get("/product/get-all-products", &scarce)),
                low_stock::read(manager),
            ),
            join(status::read(manager), watcher.look()),
            figures(async { Ok(shop.currency(manager).await) }),
            figures(async { Ok(Sample::read(manager).await) }),
        )
        .await;
        let (scarce, low_stock) = scarce;
        let scarce: Option<Listing<Product>> = status::if_answered(scarce)?;
        let has_products = scarce.as_ref().is_some_and(|scarce| !scarce.items.is_empty());
        let is_low = |product: &Product| low_stock.includes(product.available);
        let (revenue, course) = status::if_answered(course)?.unwrap_or_default();
        Ok(Figures {
            period,
            course,
            revenue,
            orders: status::if_answered(orders)?,
            open: status::if_answered(open)?,
            scarce: scarce.map(|scarce| scarce.items.into_iter().filter(is_low).collect()),
            has_products,
            low_stock,
            status: status.0?,
            storefront: watcher.outage(STOREFRONT),
            gateway: watcher.outage(GATEWAY),
            currency: currency.unwrap_or_default(),
            sample: sample.ok().flatten(),
            at,
        })
    }
}

/// The figures of one part, unless they take longer than all others are to wait for them.
async fn figures<T>(answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, Box::pin(answer)).await.unwrap_or(Err(Failure::UNREACHABLE))
}

impl Figures {
    /// How far the shop is being filled with the sample, while it is.
    fn filling(&self) -> Option<Filling> {
        match &self.sample {
            Some(Sample::Filling(filling)) => Some(*filling),
            _ => None,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on references")]
    fn amount(&self, money: &Money) -> Amount<'_> {
        Amount(*money, &self.currency)
    }

    /// What does not work as it should, with what that means.
    fn troubled(&self) -> Vec<Trouble<'_>> {
        status::troubled(self.status.as_ref(), self.storefront.as_ref())
    }

    fn columns(&self, course: &Course) -> Columns {
        course.columns(&self.currency)
    }

    fn today(&self) -> Date {
        site::zone().local(self.at).date()
    }

    /// The outcomes of the orders: word, count and bar.
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
