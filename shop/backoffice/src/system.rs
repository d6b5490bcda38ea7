//! The System page: a map of all parts with what is wrong, since when, and what that means; the balances; what was wrong in the last day.
//!
//! It shows whatever answers. What does not is said to be so: the page is needed the most when something is down.

use std::time::Duration;

use askama::{Template, filters::HtmlSafe};
use axum::{
    Extension,
    extract::{Query, State},
    response::{Response, sse::Event},
};
use contracts::rest::order::Statistics;
use futures_util::{future::join5, stream};
use kernel::Timestamp;
use serde::Deserialize;
use site::{
    Amount, Badge, Count, Failure, Frame, Markup, Moment, Money, Page, Shop, TimeOfDay, Tone,
    Website,
};

use crate::{
    log,
    manager::ManagerVisit,
    models::Models,
    status::{self, Balance, Outage, Service, Status, Trouble, per_second, ready},
};

/// Services announce themselves every second.
const LOOK: Duration = Duration::from_secs(1);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 5;
/// Outages shown of those that are over.
const PAST_SHOWN: usize = 20;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// `off` to stop live updates of the page.
    #[serde(default)]
    live: String,
}

#[derive(Template)]
#[template(path = "system.html")]
pub(crate) struct System {
    frame: Frame,
    live: bool,
    map: Map,
    models: Models,
}

/// What changes from second to second. Everything that a part tells is missing while that part does not answer.
#[derive(Template)]
#[template(path = "map.html")]
struct Map {
    status: Option<Status>,
    orders: Option<Statistics>,
    head: Option<u64>,
    timeline: Vec<Outage>,
    /// Whether shoppers reach their website; none if it is not known where that is.
    storefront: Option<bool>,
    currency: String,
    /// Events recorded since the look before.
    rate: Option<f64>,
    at: Timestamp,
}

/// Where the log ended, and when.
#[derive(Clone, Copy)]
struct Before {
    head: Option<u64>,
    at: Timestamp,
}

pub(crate) async fn system(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Extension(storefront): Extension<Website>,
    Query(asked): Query<Asked>,
) -> Result<Page<System>, Failure> {
    let looker = Looker { manager: manager.clone(), shop, storefront };
    let map = looker.look(None).await?;
    let models = Models::of(&manager, map.status.as_ref()).await;
    let live = asked.live != "off";
    let frame = manager.frame("System");
    let frame = if live { frame.refreshing(REFRESH_SECONDS) } else { frame };
    Ok(Page(System { frame, live, map, models }))
}

/// The map, again every second.
pub(crate) async fn live(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Extension(storefront): Extension<Website>,
) -> Result<Response, Failure> {
    let looker = Looker { manager: manager.clone(), shop, storefront };
    let parts = stream::unfold((looker, None), async |(looker, before)| {
        if before.is_some() {
            tokio::time::sleep(LOOK).await;
        }
        let map = looker.look(before).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&map).as_str());
        let before = Before { head: map.head, at: map.at };
        Some((part, (looker, Some(before))))
    });
    site::live(&manager, parts)
}

/// Who looks at the shop.
struct Looker {
    manager: ManagerVisit,
    shop: Shop,
    storefront: Website,
}

impl Looker {
    /// How everything is.
    async fn look(&self, before: Option<Before>) -> Result<Map, Failure> {
        let manager = &self.manager;
        let orders = manager.get("/order/get-order-statistics", &[("", ""); 0]);
        let head = log::head(manager);
        let gateway = async {
            let status = status::read(manager).await?;
            let timeline = status::timeline(manager).await?;
            Ok::<_, Failure>((status, timeline.unwrap_or_default()))
        };
        let (storefront, currency) = (self.storefront.answers(), self.shop.currency(manager));
        let (gateway, orders, head, storefront, currency) =
            join5(gateway, orders, head, storefront, currency).await;
        let ((status, timeline), orders, head) = (gateway?, orders.ok(), head.ok());
        let at = manager.now();
        let rate = before.zip(head).and_then(|(before, head)| {
            let recorded = u32::try_from(head.saturating_sub(before.head?)).unwrap_or(u32::MAX);
            Some(f64::from(recorded) / at.since(before.at).as_secs_f64().max(0.001))
        });
        Ok(Map { status, orders, head, timeline, storefront, currency, rate, at })
    }
}

impl Map {
    /// The services that people's requests go to.
    fn services(&self) -> Vec<&Service> {
        self.status.iter().flat_map(Status::services).collect()
    }

    fn store(&self) -> Option<&Service> {
        self.status.as_ref()?.store()
    }

    /// All services, the event store included.
    fn all(&self) -> &[Service] {
        self.status.as_ref().map_or(&[], |status| &status.services)
    }

    fn troubled(&self) -> Vec<Trouble<'_>> {
        self.status.as_ref().map_or_else(Vec::new, Status::troubled)
    }

    /// What is over, the newest first.
    fn past(&self) -> Vec<&Outage> {
        let over = self.timeline.iter().filter(|outage| outage.until.is_some());
        over.take(PAST_SHOWN).collect()
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn label<'a>(&self, part: &'a str) -> &'a str {
        status::label(part)
    }

    fn bus(&self) -> Badge {
        match &self.status {
            Some(status) if status.bus.connected => Badge::new("Connected", Tone::Good),
            Some(_) => Badge::new("No connection", Tone::Bad),
            None => Badge::new("Not known", Tone::Warn),
        }
    }

    /// What carries the messages.
    fn carrier(&self) -> String {
        match self.status.as_ref().map(|status| &*status.bus.engine) {
            None => String::new(),
            Some("this process") => "Within this process".to_owned(),
            Some(engine) => format!("Over {engine}"),
        }
    }

    fn gateway(&self) -> Badge {
        match &self.status {
            Some(Status { outage: Some(outage), .. }) => outage.state.badge(),
            Some(status) if status.ready => ready(),
            Some(_) => Badge::new("Waiting for parts", Tone::Warn),
            None => Badge::new("Does not answer", Tone::Bad),
        }
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn back_office(&self) -> Badge {
        ready()
    }

    fn storefront(&self) -> Badge {
        match self.storefront {
            Some(true) => ready(),
            Some(false) => Badge::new("Does not answer", Tone::Bad),
            None => Badge::new("Not watched", Tone::Warn),
        }
    }

    /// Events per second that come over the bus: each service hears all of them.
    fn heard(&self) -> String {
        let of_one = self.all().iter().map(Service::throughput);
        per_second(of_one.fold(0.0, f64::max))
    }

    /// All balances of instances that are there, with the instance's name.
    fn balances(&self) -> Vec<(&str, &Balance)> {
        let instances = self.all().iter().flat_map(|service| &service.instances);
        let here = instances.filter(|instance| instance.here);
        here.flat_map(|one| one.balances.iter().map(|balance| (&*one.name, balance))).collect()
    }

    /// A sum of a balance, as it is written.
    fn sum(&self, balance: &Balance, sum: i64) -> String {
        match balance.decimals {
            2 => Amount(Money::from_minor(sum), &self.currency).to_string(),
            _ => Count(sum).to_string(),
        }
    }

    /// Whether the balances hold, in words.
    fn verdict(&self) -> String {
        let balances = self.balances();
        match balances.iter().filter(|(_, balance)| !balance.holds).count() {
            0 if balances.is_empty() => "–".to_owned(),
            0 => "all hold".to_owned(),
            broken => format!("{} broken", Count(broken)),
        }
    }

    /// Events recorded a second since the look before.
    fn recorded(&self) -> String {
        self.rate.map_or_else(|| "–".to_owned(), per_second)
    }

    fn events(&self) -> String {
        self.head.map_or_else(|| "–".to_owned(), |head| Count(head).to_string())
    }

    fn open_orders(&self) -> String {
        self.orders.as_ref().map_or_else(|| "–".to_owned(), |orders| Count(orders.open).to_string())
    }
}

impl HtmlSafe for Map {}
