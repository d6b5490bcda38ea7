//! The log, followed event by event and held against the promises as the worlds do it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use contracts::{
    order::lifecycle::Status,
    rest::playground::{About, Awaited, Orders, Promise},
};
use kernel::{EventId, Position, sync};
use promises::{Checker, Figures};
use runtime::Subscription;
use uuid::Uuid;
use web::ServiceDeps;

/// How many broken promises are reported; further ones are not looked for.
const BROKEN_SHOWN: usize = 10;

/// What the log says so far. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Watch {
    checker: Arc<Mutex<Checker>>,
    /// Events that drills put into the log: they have their place, and mean nothing.
    forged: Arc<Mutex<BTreeSet<EventId>>>,
}

impl Watch {
    /// Follows the log from its first event on.
    pub(super) fn spawn(deps: &ServiceDeps) -> Self {
        let (watch, store) = (Self::default(), deps.store());
        let (checker, forged) = (Arc::clone(&watch.checker), Arc::clone(&watch.forged));
        deps.tasks.spawn_until_stopped("playground-watch", async move {
            let mut log = Subscription::open(&store, Position::START).await;
            loop {
                for event in log.next().await {
                    let is_forged = sync::lock(&forged).contains(&event.id);
                    let mut checker = sync::lock(&checker);
                    if is_forged { checker.take_forged(&event) } else { checker.take(&event) }
                }
            }
        });
        watch
    }

    /// An event that is about to be recorded by a drill.
    pub(super) fn forges(&self, event: EventId) {
        sync::lock(&self.forged).insert(event);
    }

    /// The last position of the log that it has read.
    pub(super) fn position(&self) -> Position {
        sync::lock(&self.checker).position()
    }

    pub(super) fn promises(&self) -> Vec<Promise> {
        let checker = sync::lock(&self.checker);
        let figures = checker.figures();
        let due = checker
            .open_orders()
            .iter()
            .filter(|order| order.is_finalized_without_invoice())
            .count();
        sums(&figures, due)
            .map(|(about, left, right)| Promise {
                about,
                left,
                right,
                money: about == About::Money,
                holds: left == right && checker.broken_about(topic(about)) == 0,
            })
            .into()
    }

    pub(super) fn broken(&self) -> Vec<String> {
        sync::lock(&self.checker).violations().iter().take(BROKEN_SHOWN).cloned().collect()
    }

    pub(super) fn orders(&self) -> Orders {
        let checker = sync::lock(&self.checker);
        let open = checker.open_orders();
        let (finalized, denied) = checker.ends();
        let mut awaited: BTreeMap<&str, u64> = BTreeMap::new();
        for service in open.iter().flat_map(|order| order.stage.awaited()) {
            *awaited.entry(service).or_default() += 1;
        }
        let awaited = awaited
            .into_iter()
            .map(|(service, orders)| Awaited { service: service.to_owned(), orders });
        Orders {
            finalized: finalized as u64,
            denied: denied as u64,
            open: open.len() as u64,
            oldest: open.first().map(|order| order.placed_at),
            awaited: awaited.collect(),
        }
    }

    /// How an order stands in the log, if it is there.
    pub(super) fn status(&self, order: Uuid) -> Option<Status> {
        sync::lock(&self.checker).status(order)
    }
}

/// What is counted in two ways.
fn sums(figures: &Figures, due: usize) -> [(About, i64, i64); 4] {
    let Figures { stock, credit, .. } = figures;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    [
        (About::Money, credit.granted.minor(), (credit.left + credit.spent).minor()),
        (About::Stock, stock.received, stock.on_hand + stock.sold),
        (About::Log, count(figures.events), count(figures.position.0)),
        (About::Orders, count(figures.finalized as u64), count(figures.invoices + due as u64)),
    ]
}

fn topic(about: About) -> promises::About {
    match about {
        About::Money => promises::About::Money,
        About::Stock => promises::About::Stock,
        About::Log => promises::About::Log,
        About::Orders => promises::About::Orders,
    }
}
