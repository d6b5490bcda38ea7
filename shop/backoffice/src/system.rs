//! The status of the parts of the shop: a map with throughput and lag, and the balances of promise 6.

use std::{collections::BTreeMap, time::Duration};

use askama::{Template, filters::HtmlSafe};
use axum::{
    extract::Query,
    response::{Response, sse::Event},
};
use contracts::rest::order::Statistics;
use futures_util::{future::try_join3, stream};
use kernel::Timestamp;
use serde::Deserialize;
use site::{Badge, Count, Failure, Frame, Markup, Moment, Page, Tone};

use crate::{log, manager::ManagerVisit};

/// Services announce themselves every second.
const LOOK: Duration = Duration::from_secs(1);
/// Without scripts, the page reloads itself after this time.
const REFRESH_SECONDS: u32 = 5;
/// The service in front of the event store.
const STORE: &str = "events";
/// A lag of more than this is worth a word: a projection in step is milliseconds behind.
const LAG_SECONDS: f64 = 1.0;

/// What `get-status` answers, as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    ready: bool,
    services: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    name: String,
    ready: bool,
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    #[serde(rename = "Instance")]
    name: String,
    version: String,
    here: bool,
    ready: bool,
    last_heard: Timestamp,
    #[serde(default)]
    lag: BTreeMap<String, Lag>,
    #[serde(default)]
    throughput: f64,
    #[serde(default)]
    balances: Vec<Balance>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lag {
    events: u64,
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Balance {
    name: String,
    left: i64,
    right: i64,
    holds: bool,
}

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
}

/// What changes from second to second.
#[derive(Template)]
#[template(path = "map.html")]
struct Map {
    status: Status,
    orders: Statistics,
    head: u64,
    /// Events recorded since the look before.
    rate: Option<f64>,
}

pub(crate) async fn system(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<System>, Failure> {
    let map = read(&manager, None).await?;
    let live = asked.live != "off";
    let frame = manager.frame("System");
    let frame = if live { frame.refreshing(REFRESH_SECONDS) } else { frame };
    Ok(Page(System { frame, live, map }))
}

/// The map, again every second.
pub(crate) async fn live(manager: ManagerVisit) -> Result<Response, Failure> {
    let first = log::head(&manager).await?;
    let looker = (manager.clone(), manager.now(), first, false);
    let parts = stream::unfold(looker, async |(manager, since, head, told)| {
        if told {
            tokio::time::sleep(LOOK).await;
        }
        let elapsed = manager.now().since(since);
        let map = read(&manager, told.then_some((head, elapsed))).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&map).as_str());
        let next = (manager.clone(), manager.now(), map.head, true);
        Some((part, next))
    });
    site::live(&manager, parts)
}

/// How everything is; `before` is where the log ended, and how long ago that was.
async fn read(manager: &ManagerVisit, before: Option<(u64, Duration)>) -> Result<Map, Failure> {
    let nothing = &[("", ""); 0];
    let status = manager.get("/system/get-status", nothing);
    let orders = manager.get("/order/get-order-statistics", nothing);
    let (status, orders, head) = try_join3(status, orders, log::head(manager)).await?;
    let rate = before.map(|(then, elapsed)| {
        let recorded = u32::try_from(head.saturating_sub(then)).unwrap_or(u32::MAX);
        f64::from(recorded) / elapsed.as_secs_f64().max(0.001)
    });
    Ok(Map { status, orders, head, rate })
}

impl Service {
    fn badge(&self) -> Badge {
        match (self.ready, self.instances.iter().any(|instance| instance.here)) {
            (true, _) => Badge::new("Ready", Tone::Good),
            (false, true) => Badge::new("Starting", Tone::Warn),
            (false, false) => Badge::new("Absent", Tone::Bad),
        }
    }

    /// Events per second, over all instances.
    fn throughput(&self) -> f64 {
        self.instances.iter().filter(|one| one.here).map(|one| one.throughput).sum()
    }

    fn heard(&self) -> String {
        per_second(self.throughput())
    }

    /// The greatest lag of any projector or reactor.
    fn lag(&self) -> Option<Lag> {
        let all = self.instances.iter().filter(|one| one.here).flat_map(|one| one.lag.values());
        all.max_by_key(|lag| lag.events).copied()
    }
}

impl Instance {
    fn badge(&self) -> Badge {
        match (self.here, self.ready) {
            (true, true) => Badge::new("Ready", Tone::Good),
            (true, false) => Badge::new("Starting", Tone::Warn),
            (false, _) => Badge::new("Never seen", Tone::Bad),
        }
    }
}

impl Instance {
    fn heard(&self) -> String {
        per_second(self.throughput)
    }
}

impl Lag {
    fn words(&self) -> String {
        if self.events == 0 {
            return "in step".to_owned();
        }
        format!("{} behind, {:.1} s", Count(self.events), self.seconds)
    }

    fn badge(&self) -> Badge {
        let tone = if self.seconds > LAG_SECONDS { Tone::Warn } else { Tone::Good };
        Badge::new(self.words(), tone)
    }
}

impl Balance {
    fn badge(&self) -> Badge {
        if self.holds { Badge::new("Holds", Tone::Good) } else { Badge::new("Broken", Tone::Bad) }
    }
}

impl Map {
    /// The services that people's requests go to.
    fn services(&self) -> Vec<&Service> {
        self.status.services.iter().filter(|service| service.name != STORE).collect()
    }

    fn store(&self) -> Option<&Service> {
        self.status.services.iter().find(|service| service.name == STORE)
    }

    /// The bus is well if what is sent over it is heard: every announcement comes that way.
    fn bus(&self) -> Badge {
        let silent = |service: &Service| !service.instances.iter().any(|instance| instance.here);
        match self.status.services.iter().filter(|service| silent(service)).count() {
            0 => Badge::new("All services are connected", Tone::Good),
            some if some == self.status.services.len() => Badge::new("Silent", Tone::Bad),
            some => Badge::new(format!("{some} not connected"), Tone::Warn),
        }
    }

    fn gateway(&self) -> Badge {
        if self.status.ready {
            Badge::new("Ready", Tone::Good)
        } else {
            Badge::new("Waiting for parts", Tone::Warn)
        }
    }

    /// Events per second that come over the bus: each service hears all of them.
    fn heard(&self) -> String {
        let of_one = self.status.services.iter().map(Service::throughput);
        per_second(of_one.fold(0.0, f64::max))
    }

    /// How many balances are broken.
    fn broken(&self) -> usize {
        let instances = self.status.services.iter().flat_map(|service| &service.instances);
        let here = instances.filter(|instance| instance.here);
        here.flat_map(|instance| &instance.balances).filter(|balance| !balance.holds).count()
    }

    /// Events recorded a second since the look before.
    fn recorded(&self) -> String {
        self.rate.map_or_else(|| "–".to_owned(), per_second)
    }
}

fn per_second(rate: f64) -> String {
    if rate < 9.95 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

impl HtmlSafe for Map {}
