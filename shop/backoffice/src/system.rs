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
use futures_util::{
    future::{join, join4},
    stream,
};
use kernel::Timestamp;
use serde::Deserialize;
use site::{
    Amount, Badge, Count, Failure, Frame, Markup, Moment, Money, Page, Shop, TimeOfDay, Tone,
};

use crate::{
    log,
    manager::ManagerVisit,
    models::Models,
    outage::{Outage, Trouble},
    sagas::Open,
    status::{self, Balance, Service, Status, per_second, ready, soon},
    watcher::{GATEWAY, STOREFRONT, Watcher},
};

/// Services announce themselves every second.
const LOOK: Duration = Duration::from_secs(1);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 5;
/// Outages shown of those that are over, unless all are asked for.
const PAST_SHOWN: usize = 20;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// `off` to stop live updates of the page.
    #[serde(default)]
    live: String,
    /// `all` for every outage of the last day.
    #[serde(default)]
    past: String,
}

#[derive(Template)]
#[template(path = "system.html")]
pub(crate) struct System {
    frame: Frame,
    /// Where the map is asked for again; empty without live updates.
    live: String,
    map: Map,
    models: Models,
}

/// What changes from second to second. Everything that a part tells is missing while that part does not answer.
#[derive(Template)]
#[template(path = "map.html")]
struct Map {
    status: Option<Status>,
    told: Told,
    /// Whether all that is over is shown.
    all: bool,
    /// Whether it is known where the shoppers' website is.
    watches_storefront: bool,
    storefront: Option<Outage>,
    gateway: Option<Outage>,
    /// Events recorded since the look before.
    rate: Option<f64>,
    at: Timestamp,
}

/// What the parts tell themselves, beside what the gateway tells of them.
#[derive(Default)]
struct Told {
    open: Option<Open>,
    head: Option<u64>,
    timeline: Vec<Outage>,
    currency: String,
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
    Extension(watcher): Extension<Watcher>,
    Query(asked): Query<Asked>,
) -> Result<Page<System>, Failure> {
    let all = asked.past == "all";
    let looker = Looker { manager: manager.clone(), shop, watcher, all };
    let (status, ()) = join(status::read(&manager), looker.watcher.look()).await;
    let status = status?;
    let asked_all = looker.ask(status.is_some());
    let (models, told) = join(Models::of(&manager, status.as_ref()), asked_all).await;
    let map = looker.map(status, told?, None);
    let frame = manager.frame("System");
    let (frame, live) = match (&*asked.live, all) {
        ("off", _) => (frame, ""),
        (_, false) => (frame.refreshing(REFRESH_SECONDS), "/system/live"),
        (_, true) => (frame.refreshing(REFRESH_SECONDS), "/system/live?past=all"),
    };
    Ok(Page(System { frame, live: live.to_owned(), map, models }))
}

/// The map, again every second.
pub(crate) async fn live(
    manager: ManagerVisit,
    State(shop): State<Shop>,
    Extension(watcher): Extension<Watcher>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let all = asked.past == "all";
    let looker = Looker { manager: manager.clone(), shop, watcher, all };
    let parts = stream::unfold((looker, None), async |(looker, before)| {
        if before.is_some() {
            tokio::time::sleep(LOOK).await;
        }
        let map = looker.look(before).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&map).as_str());
        let before = Before { head: map.told.head, at: map.at };
        Some((part, (looker, Some(before))))
    });
    site::live(&manager, parts)
}

/// Who looks at the shop.
struct Looker {
    manager: ManagerVisit,
    shop: Shop,
    watcher: Watcher,
    /// Whether all outages of the last day are shown.
    all: bool,
}

impl Looker {
    /// How everything is.
    async fn look(&self, before: Option<Before>) -> Result<Map, Failure> {
        let (status, ()) = join(status::read(&self.manager), self.watcher.look()).await;
        let status = status?;
        let told = self.ask(status.is_some()).await?;
        Ok(self.map(status, told, before))
    }

    /// Asks all parts at once. Without the gateway none of them is reached.
    async fn ask(&self, is_reached: bool) -> Result<Told, Failure> {
        let manager = &self.manager;
        if !is_reached {
            return Ok(Told { timeline: self.watcher.timeline(), ..Told::default() });
        }
        let open = soon(Open::read(manager));
        let currency = soon(async { Ok(self.shop.currency(manager).await) });
        let timeline = status::timeline(manager, &self.watcher);
        let (timeline, open, head, currency) =
            join4(timeline, open, soon(log::head(manager)), currency).await;
        let currency = currency.unwrap_or_default();
        Ok(Told { timeline: timeline?, open: open.ok(), head: head.ok(), currency })
    }

    fn map(&self, status: Option<Status>, told: Told, before: Option<Before>) -> Map {
        let at = self.manager.now();
        let rate = before.zip(told.head).and_then(|(before, head)| {
            let recorded = u32::try_from(head.saturating_sub(before.head?)).unwrap_or(u32::MAX);
            Some(f64::from(recorded) / at.since(before.at).as_secs_f64().max(0.001))
        });
        let storefront = self.watcher.outage(STOREFRONT);
        let gateway = self.watcher.outage(GATEWAY);
        let (all, watches_storefront) = (self.all, self.watcher.watches_storefront());
        Map { status, told, all, watches_storefront, storefront, gateway, rate, at }
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
        status::troubled(self.status.as_ref(), self.storefront.as_ref())
    }

    /// What was wrong in the last day, or still is: what lasts first, then what is over, the newest first.
    fn outages(&self) -> Vec<&Outage> {
        let lasting = self.told.timeline.iter().filter(|outage| outage.until.is_none());
        lasting.chain(self.past()).collect()
    }

    /// What is over, the newest first.
    fn past(&self) -> Vec<&Outage> {
        let over = self.told.timeline.iter().filter(|outage| outage.until.is_some());
        over.take(if self.all { usize::MAX } else { PAST_SHOWN }).collect()
    }

    /// How much of what is over is not shown.
    fn hidden(&self) -> usize {
        let over = self.told.timeline.iter().filter(|outage| outage.until.is_some()).count();
        over - self.past().len()
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
        match &self.storefront {
            Some(outage) => outage.state.badge(),
            None if self.watches_storefront => ready(),
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
            2 => Amount(Money::from_minor(sum), &self.told.currency).to_string(),
            _ => Count(sum).to_string(),
        }
    }

    /// Whether the balances hold, in words.
    fn verdict(&self) -> String {
        let balances = self.balances();
        match balances.iter().filter(|(_, balance)| !balance.holds).count() {
            0 if balances.is_empty() => "–".to_owned(),
            0 if self.all().iter().any(Service::is_away) => "all that are known hold".to_owned(),
            0 => "all hold".to_owned(),
            broken => format!("{} broken", Count(broken)),
        }
    }

    /// Events recorded a second since the look before; at the first look, as many as each service receives.
    fn recorded(&self) -> String {
        match (self.rate, &self.status) {
            (Some(rate), _) => per_second(rate),
            (None, Some(_)) => self.heard(),
            (None, None) => "–".to_owned(),
        }
    }

    fn events(&self) -> String {
        self.told.head.map_or_else(|| "–".to_owned(), |head| Count(head).to_string())
    }

    fn open_orders(&self) -> String {
        self.told.open.map_or_else(|| "–".to_owned(), |open| open.to_string())
    }
}

impl HtmlSafe for Map {}
