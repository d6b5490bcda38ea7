//! What the gateway reports about the parts of the shop, and how a page copes when one of them does not answer.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use kernel::Timestamp;
use serde::Deserialize;
use site::{Badge, Failure, Listing, Tone};

use crate::{
    manager::ManagerVisit,
    outage::{Outage, State, Trouble},
    watcher::{GATEWAY, STOREFRONT, Watcher},
};

/// The service in front of the event store.
pub(crate) const STORE: &str = "events";
const WITHOUT_BUS: &str = "Nothing can be ordered or changed until it is back. Services may be alive: they cannot be told from dead ones \
                           meanwhile. Nothing recorded is lost.";
const WITHOUT_STOREFRONT: &str = "Shoppers cannot see the shop or order on its website. Orders in progress continue, and so does everything that uses the REST API.";
pub(crate) const WITHOUT_GATEWAY: &str = "Shoppers and managers can do nothing until it is back.";
/// A part that works answers a page within this time. One that hangs must not make the page hang that says so.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A lag of more than this is worth a word: a projection in step is milliseconds behind.
const LAG_SECONDS: f64 = 1.0;

/// What `get-status` answers, as far as it is shown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Status {
    pub(crate) ready: bool,
    pub(crate) services: Vec<Service>,
    pub(crate) bus: Bus,
    /// What is wrong with the gateway itself.
    pub(crate) outage: Option<Outage>,
    pub(crate) watched_since: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Bus {
    pub(crate) engine: String,
    pub(crate) connected: bool,
    pub(crate) outage: Option<Outage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) ready: bool,
    pub(crate) outage: Option<Outage>,
    pub(crate) without: String,
    pub(crate) instances: Vec<Instance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instance {
    #[serde(rename = "Instance")]
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) here: bool,
    pub(crate) ready: bool,
    pub(crate) model: Option<Model>,
    pub(crate) last_heard: Timestamp,
    #[serde(default)]
    pub(crate) lag: BTreeMap<String, Lag>,
    #[serde(default)]
    pub(crate) throughput: f64,
    #[serde(default)]
    pub(crate) balances: Vec<Balance>,
}

/// What keeps a read model, or the event store's log.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Model {
    pub(crate) engine: String,
    pub(crate) trouble: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Lag {
    pub(crate) events: u64,
    pub(crate) seconds: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Balance {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) decimals: u8,
    pub(crate) left: i64,
    pub(crate) right: i64,
    pub(crate) holds: bool,
}

/// What was asked for, unless the part that knows it does not answer. A visitor who may not see it is not told so either.
pub(crate) fn if_answered<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Unreachable { .. } | Failure::Busy { .. } | Failure::Broken) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The answer of a part, unless it takes longer than a page can wait for one that may hang.
pub(crate) async fn soon<T>(
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, Box::pin(answer)).await.unwrap_or(Err(Failure::UNREACHABLE))
}

/// What people call a part: the store's service has another name than the store.
pub(crate) fn label(part: &str) -> &str {
    if part == STORE { "event store" } else { part }
}

/// The status of all parts; none while the gateway does not answer.
pub(crate) async fn read(manager: &ManagerVisit) -> Result<Option<Status>, Failure> {
    of_gateway(soon(manager.get("/system/get-status", &[("", ""); 0])).await)
}

/// What was wrong in the last day, as the gateway and the back office noticed: what lasts first, then the newest. While the gateway does
/// not answer, what it noticed is missing.
pub(crate) async fn timeline(
    manager: &ManagerVisit,
    watcher: &Watcher,
) -> Result<Vec<Outage>, Failure> {
    let call = manager.get("/system/get-timeline", &[("", ""); 0]);
    let noticed = of_gateway(soon(call).await)?;
    let mut all = noticed.map_or_else(Vec::new, |Listing { items, .. }| items);
    all.extend(watcher.timeline());
    all.sort_by_key(|outage: &Outage| Reverse((outage.until.is_none(), outage.since)));
    Ok(all)
}

/// What does not work as it should, with what that means, the worst first: as the gateway tells it, and the storefront as seen from here.
pub(crate) fn troubled<'a>(
    status: Option<&'a Status>,
    storefront: Option<&'a Outage>,
) -> Vec<Trouble<'a>> {
    let own = storefront.map(|outage| Trouble::of(STOREFRONT, outage, WITHOUT_STOREFRONT));
    let mut troubled = status.map_or_else(Vec::new, Status::troubled);
    troubled.extend(own);
    troubled.sort_by_key(|one| !one.outage.state.stops());
    troubled
}

/// One of another version may not know the call.
fn of_gateway<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure @ (Failure::NotLoggedIn | Failure::Forbidden)) => Err(failure),
        answer => Ok(answer.ok()),
    }
}

impl Status {
    /// The services that people's requests go to.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| service.name != STORE)
    }

    pub(crate) fn store(&self) -> Option<&Service> {
        self.services.iter().find(|service| service.name == STORE)
    }

    /// What does not work as it should, with what that means, the worst first. While there is no connection to the bus, nothing is heard
    /// of the services: that they are silent says nothing more.
    fn troubled(&self) -> Vec<Trouble<'_>> {
        let bus = self.bus.outage.as_ref();
        let services = self.services.iter().filter_map(|one| {
            let outage = one.outage.as_ref()?;
            let is_service = one.name != STORE;
            Some(Trouble { is_service, ..Trouble::of(label(&one.name), outage, &one.without) })
        });
        let heard = services.filter(|one| bus.is_none() || one.outage.state != State::Away);
        let gateway =
            self.outage.iter().map(|outage| Trouble::of(GATEWAY, outage, WITHOUT_GATEWAY));
        let mut troubled: Vec<_> = heard.chain(gateway).collect();
        troubled.sort_by_key(|one| !one.outage.state.stops());
        if let Some(outage) = bus {
            troubled.insert(0, Trouble::of("event bus", outage, WITHOUT_BUS));
        }
        troubled
    }
}

impl Service {
    pub(crate) fn badge(&self) -> Badge {
        match &self.outage {
            Some(outage) => outage.state.badge(),
            None if self.ready => ready(),
            None => Badge::new("Starting", Tone::Warn),
        }
    }

    /// Events per second, over all instances.
    pub(crate) fn throughput(&self) -> f64 {
        self.here().map(|one| one.throughput).sum()
    }

    pub(crate) fn heard(&self) -> String {
        if self.is_away() {
            return "–".to_owned();
        }
        per_second(self.throughput())
    }

    /// The greatest lag of any projector or reactor.
    pub(crate) fn lag(&self) -> Option<Lag> {
        self.here().flat_map(|one| one.lag.values()).max_by_key(|lag| lag.events).copied()
    }

    /// What keeps its read model or its log, as the first instance that is there tells it; else the last that was.
    pub(crate) fn model(&self) -> Option<&Model> {
        self.here().chain(&self.instances).find_map(|one| one.model.as_ref())
    }

    /// Whether no instance of it answers.
    pub(crate) fn is_away(&self) -> bool {
        self.here().next().is_none()
    }

    fn here(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|one| one.here)
    }
}

impl Instance {
    pub(crate) fn badge(&self) -> Badge {
        match (self.here, self.ready) {
            (true, true) => ready(),
            (true, false) => Badge::new("Not ready", Tone::Warn),
            (false, _) => State::Away.badge(),
        }
    }

    pub(crate) fn heard(&self) -> String {
        if self.here { per_second(self.throughput) } else { "–".to_owned() }
    }
}

impl Model {
    pub(crate) fn badge(&self) -> Badge {
        match self.trouble {
            None => ready(),
            Some(_) => State::Away.badge(),
        }
    }
}

/// What is well.
pub(crate) fn ready() -> Badge {
    Badge::new("Ready", Tone::Good)
}

impl Lag {
    pub(crate) fn words(&self) -> String {
        if self.events == 0 {
            return "up to date".to_owned();
        }
        format!("{} behind, {:.1} s", site::Count(self.events), self.seconds)
    }

    pub(crate) fn badge(&self) -> Badge {
        let tone = if self.seconds > LAG_SECONDS { Tone::Warn } else { Tone::Good };
        Badge::new(self.words(), tone)
    }
}

impl Balance {
    pub(crate) fn badge(&self) -> Badge {
        if self.holds { Badge::new("Holds", Tone::Good) } else { Badge::new("Broken", Tone::Bad) }
    }
}

/// A rate of events.
pub(crate) fn per_second(rate: f64) -> String {
    // Not even a negative nothing.
    let rate = rate.max(0.0) + 0.0;
    if rate < 9.95 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}
