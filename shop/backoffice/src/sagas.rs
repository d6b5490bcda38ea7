//! Orders as sagas: those that run, with what was recorded, what remains and which service is awaited for how long; and how those that
//! ended did so, and how long they took.

use std::{fmt, time::Duration};

use askama::{Template, filters::HtmlSafe};
use axum::{
    extract::Query,
    response::{Response, sse::Event},
};
use contracts::{
    order::{CATEGORY, OrderEvent, lifecycle::Status},
    rest::order::{Order, Step},
};
use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join, stream};
use kernel::Timestamp;
use serde::Deserialize;
use site::{
    Badge, Choice, Count, Failure, Frame, Listing, Markup, Page, Pager, Place, TimeOfDay, choices,
    given, known, no_such_page,
};
use web::COUNTED_MAX;

use crate::{
    chart::Bar,
    manager::ManagerVisit,
    numbers::{ToSecond, Took},
    orders,
    status::{self, soon},
};

/// Running orders shown: those that have waited longest.
const SHOWN: &str = "25";
/// Orders that ended, on one page, unless another number is chosen.
const PAGE: usize = 50;
/// Histories read at once.
const AT_ONCE: usize = 5;
/// How often the running ones are looked at again; and without scripts, the whole page.
const REFRESH: Duration = Duration::from_secs(2);
const REFRESH_SECONDS: u32 = 5;

const OUTCOMES: [(&str, &str); 3] =
    [("", "Any outcome"), ("Finalized", "Finalized"), ("Canceled", "Canceled")];
const SORTS: [(&str, &str); 2] = [("", "Newest first"), ("longest", "Longest first")];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    sort: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Template)]
#[template(path = "sagas.html")]
pub(crate) struct Sagas {
    frame: Frame,
    running: Running,
    outcomes: Vec<Choice>,
    sorts: Vec<Choice>,
    tally: String,
    ended: Vec<Order>,
    pager: Pager,
}

/// The running orders.
#[derive(Template)]
#[template(path = "running.html")]
struct Running {
    sagas: Vec<Saga>,
    /// Whether there are more than are shown.
    more: bool,
    /// The order service does not answer.
    silent: bool,
    at: Timestamp,
}

struct Saga {
    order: Order,
    /// The services that are awaited, each with for how long.
    waits: Vec<(&'static str, Took)>,
}

pub(crate) async fn sagas(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Sagas>, Failure> {
    let outcome = known(&OUTCOMES, &asked.outcome);
    let sort = known(&SORTS, &asked.sort);
    let size = asked.place.size(PAGE);
    let limit = size.to_string();
    let query = given([
        ("Type", "All"),
        ("Running", "false"),
        ("Status", outcome),
        ("Sort", if sort == "longest" { "Longest" } else { "Newest" }),
        ("Limit", &limit),
        ("After", &asked.place.after),
        ("Count", "true"),
    ]);
    let ended = async {
        let found = soon(manager.get::<Listing<Order>>("/order/get-orders", &query)).await;
        status::if_answered(found.map_err(no_such_page))
    };
    let (running, ended) = try_join(running(&manager), ended).await?;
    let ended = ended.unwrap_or_else(Listing::none);
    let (tally, total) = (ended.tally("finished order", "finished orders"), ended.exact_total());
    let Listing { items: ended, next, .. } = ended;
    let kept = [("outcome", outcome), ("sort", sort)];
    let pager = Pager::new("/sagas", &kept, &asked.place, next.as_deref());
    let pager = pager.sized(size).of(ended.len(), total);
    let frame = manager.frame("Sagas");
    let frame = if running.sagas.is_empty() && !running.silent {
        frame
    } else {
        frame.refreshing(REFRESH_SECONDS)
    };
    let (outcomes, sorts) = (choices(&OUTCOMES, outcome), choices(&SORTS, sort));
    Ok(Page(Sagas { frame, running, outcomes, sorts, tally, ended, pager }))
}

/// How many orders run: as many as the list of them would show, were it endless. They are counted up to a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open(u64);

impl Open {
    pub(crate) async fn read(manager: &ManagerVisit) -> Result<Self, Failure> {
        let query = [("Type", "All"), ("Running", "true"), ("Limit", "1"), ("Count", "true")];
        let found: Listing<Order> = manager.get("/order/get-orders", &query).await?;
        found.total.map(Self).ok_or(Failure::Broken)
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.0 >= COUNTED_MAX as u64 { "+" } else { "" };
        write!(f, "{}{more}", Count(self.0))
    }
}

/// The running orders, again and again: how long they wait changes by itself.
pub(crate) async fn live(manager: ManagerVisit) -> Result<Response, Failure> {
    let parts = stream::unfold((manager.clone(), true), async |(manager, first)| {
        if !first {
            tokio::time::sleep(REFRESH).await;
        }
        let running = running(&manager).await.ok()?;
        let part = Event::default().event("part").data(Markup::of(&running).as_str());
        Some((part, (manager, false)))
    });
    site::live(&manager, parts)
}

/// The running orders; while the order service does not answer, that it does not.
async fn running(manager: &ManagerVisit) -> Result<Running, Failure> {
    let silent = || Running { sagas: Vec::new(), more: false, silent: true, at: manager.now() };
    Ok(status::if_answered(longest(manager).await)?.unwrap_or_else(silent))
}

async fn longest(manager: &ManagerVisit) -> Result<Running, Failure> {
    let query = [("Type", "All"), ("Running", "true"), ("Sort", "Oldest"), ("Limit", SHOWN)];
    let found: Listing<Order> =
        soon(manager.get("/order/get-orders", &query)).await.map_err(no_such_page)?;
    let more = found.next.is_some();
    let at = manager.now();
    let sagas = stream::iter(found.items)
        .map(async |order| {
            let query = [("OrderId", &*order.order_id.to_string()), ("Limit", "500")];
            let steps: Listing<Step> =
                soon(manager.get("/order/get-order-history", &query)).await?;
            let took = |service| Took(at.since(awaited_since(&order, &steps.items, service)));
            let waits = order.awaited().into_iter().map(|service| (service, took(service)));
            Ok::<_, Failure>(Saga { waits: waits.collect(), order })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Running { sagas, more, silent: false, at })
}

/// When a service could first have recorded what is awaited of it: with the last event that it has to react to.
pub(crate) fn awaited_since(order: &Order, steps: &[Step], service: &str) -> Timestamp {
    let own =
        order.stage().milestones().into_iter().find(|one| one.service == service && !one.is_done);
    let is_end =
        |step: &&Step| [OrderEvent::FINALIZED, OrderEvent::DENIED].contains(&step.event.as_str());
    let answers = own.is_some_and(|own| own.event.ends_with("-reserved"));
    let since = match service {
        CATEGORY => steps.last(),
        _ if answers => steps.first(),
        _ => steps.iter().find(is_end),
    };
    since.map_or(order.placed_at, |step| step.at)
}

impl Saga {
    fn done(&self) -> usize {
        self.order.stage().milestones().iter().filter(|one| one.is_done).count()
    }

    fn all(&self) -> usize {
        self.order.stage().milestones().len()
    }

    fn bar(&self) -> Bar {
        let count = |count| i64::try_from(count).unwrap_or(0);
        Bar::new(count(self.done()), count(self.all()), "busy")
    }

    /// What is still to be recorded.
    fn remaining(&self) -> String {
        let left = self.order.stage().milestones().into_iter().filter(|one| !one.is_done);
        left.map(|one| one.event).collect::<Vec<_>>().join(", ")
    }
}

impl Sagas {
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn badge(&self, order: &Order) -> Badge {
        Badge::of_order(order.status)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn reasons(&self, order: &Order) -> String {
        orders::reasons(order)
    }

    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn took(&self, order: &Order) -> Took {
        Took(order.updated_at.since(order.placed_at))
    }

    /// How many of the shown ended in which way, and the longest of them.
    fn figures(&self) -> Vec<(&'static str, usize, Took)> {
        let of = |status: Status| self.ended.iter().filter(move |order| order.status == status);
        [("finalized", Status::Finalized), ("canceled", Status::Canceled)]
            .map(|(word, status)| {
                let longest = of(status).map(|order| order.updated_at.since(order.placed_at)).max();
                (word, of(status).count(), Took(longest.unwrap_or_default()))
            })
            .into()
    }
}

impl HtmlSafe for Running {}
impl HtmlSafe for Open {}
