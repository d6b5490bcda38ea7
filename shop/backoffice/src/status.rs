//! What the gateway tells of the parts of the shop, and how a page goes on when one of them does not answer.

use std::{collections::BTreeMap, time::Duration};

use kernel::Timestamp;
use serde::Deserialize;
use site::{Badge, Elapsed, Failure, Listing, Tone};

use crate::manager::ManagerVisit;

/// The service in front of the event store.
pub(crate) const STORE: &str = "events";
const WITHOUT_BUS: &str = "Nothing can be ordered or changed until it is back. Services may be alive: they cannot be told from dead ones \
                           meanwhile. Nothing recorded is lost.";
const WITHOUT_GATEWAY: &str = "Shoppers and managers can do nothing until it is back.";
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

/// A part that does not work as it should.
pub(crate) struct Trouble<'a> {
    pub(crate) name: &'a str,
    pub(crate) outage: &'a Outage,
    /// What people cannot do without it.
    pub(crate) without: &'a str,
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

/// A time in which a part did not work as it should.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Outage {
    #[serde(default)]
    pub(crate) part: String,
    pub(crate) state: State,
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
pub(crate) enum State {
    Degraded,
    Slow,
    NotReady,
    Away,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

/// What was asked for, unless the part that knows it does not answer. A visitor who may not see it is not told so either.
pub(crate) fn if_answered<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Unreachable { .. } | Failure::Busy { .. } | Failure::Broken) => Ok(None),
        answer => answer.map(Some),
    }
}

/// What people call a part: the store's service has another name than the store.
pub(crate) fn label(part: &str) -> &str {
    if part == STORE { "event store" } else { part }
}

/// The status of all parts; none while the gateway does not answer.
pub(crate) async fn read(manager: &ManagerVisit) -> Result<Option<Status>, Failure> {
    of_gateway(manager.get("/system/get-status", &[("", ""); 0]).await)
}

/// What was wrong in the last day; none while the gateway does not answer.
pub(crate) async fn timeline(manager: &ManagerVisit) -> Result<Option<Vec<Outage>>, Failure> {
    let found = of_gateway(manager.get("/system/get-timeline", &[("", ""); 0]).await)?;
    Ok(found.map(|Listing { items, .. }| items))
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
    pub(crate) fn troubled(&self) -> Vec<Trouble<'_>> {
        let bus = self.bus.outage.as_ref();
        let services = self.services.iter().filter_map(|one| {
            let outage = one.outage.as_ref()?;
            Some(Trouble { name: label(&one.name), outage, without: &one.without })
        });
        let heard = services.filter(|one| bus.is_none() || one.outage.state != State::Away);
        let gateway = self.outage.iter().map(|outage| Trouble {
            name: "gateway",
            outage,
            without: WITHOUT_GATEWAY,
        });
        let mut troubled: Vec<_> = heard.chain(gateway).collect();
        troubled.sort_by_key(|one| !one.outage.state.stops());
        if let Some(outage) = bus {
            troubled.insert(0, Trouble { name: "event bus", outage, without: WITHOUT_BUS });
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

impl State {
    /// Whether people cannot use the part.
    pub(crate) fn stops(self) -> bool {
        matches!(self, Self::NotReady | Self::Away)
    }

    pub(crate) fn badge(self) -> Badge {
        match self {
            Self::Degraded => Badge::new("Degraded", Tone::Warn),
            Self::Slow => Badge::new("Slow", Tone::Warn),
            Self::NotReady => Badge::new("Not ready", Tone::Bad),
            Self::Away => Badge::new("Does not answer", Tone::Bad),
            Self::Other => Badge::new("Not well", Tone::Warn),
        }
    }
}

impl Outage {
    /// How long it has lasted by `now`, or did last.
    pub(crate) fn lasted(&self, now: Timestamp) -> Elapsed {
        let seconds = self.until.unwrap_or(now).since(self.since).as_secs();
        Elapsed(Duration::from_secs(seconds.max(1)))
    }
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
