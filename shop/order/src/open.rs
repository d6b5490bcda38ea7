//! The open orders: what was received about each so far, and what follows from it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use contracts::order::{self, OrderEvent, Placed, Reason};
use kernel::{Actor, Clock, Metadata, Position, Recorded, Timestamp, sync};
use runtime::CommandRequest;
use uuid::Uuid;

use crate::{
    domain::Command,
    door::{Door, End},
    figures::Figures,
    saga::{self, Answered, Heard, Next},
};

/// Orders denied at one tick; the rest at the next.
const DENIED_AT_ONCE: usize = 256;

/// The orders that are neither finalized nor denied, with the answers to each so far. Cheap to clone.
#[derive(Clone)]
pub(crate) struct OpenOrders {
    open: Arc<Mutex<Open>>,
    clock: Arc<dyn Clock>,
    /// The longest time that an order stays open once it is known, whatever the clock of its instance showed.
    patience: Duration,
    door: Door,
    figures: Arc<Figures>,
}

#[derive(Default)]
struct Open {
    orders: BTreeMap<Uuid, OpenOrder>,
    /// Where they were placed: there a restarted reactor has to begin.
    placed: BTreeMap<Position, Uuid>,
}

struct OpenOrder {
    heard: Heard,
    placed: Position,
    placed_at: Timestamp,
    /// When its deadline passes, by the clock that is never set: a jump of the other one ends no order early, nor keeps one open.
    due: Duration,
    correlation: Uuid,
    traceparent: Option<Arc<str>>,
}

impl OpenOrders {
    /// None yet; they are reported to `door`, and their ends are counted into `figures`.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        patience: Duration,
        door: Door,
        figures: Figures,
    ) -> Self {
        Self { open: Arc::default(), clock, patience, door, figures: Arc::new(figures) }
    }

    /// Where the oldest of them was placed.
    #[must_use]
    pub(crate) fn first(&self) -> Option<Position> {
        self.lock().placed.first_key_value().map(|(position, _)| *position)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        sync::lock(&self.open)
    }

    /// Takes note of what happened to an order.
    pub(crate) fn hear(&self, heard: &OrderEvent, event: &Recorded) {
        match heard {
            OrderEvent::Placed(placed) => self.placed(placed, event),
            OrderEvent::Approved(_) => {}
            OrderEvent::Finalized(order::Finalized { terms }) => {
                self.ended(terms.order, heard, event);
                self.door.ended(terms.order, End::Answered);
            }
            OrderEvent::Denied(order::Denied { terms, reasons }) => {
                let missed = reasons.contains(&Reason::Deadline);
                self.ended(terms.order, heard, event);
                self.door.ended(terms.order, if missed { End::Missed } else { End::Answered });
            }
        }
    }

    fn placed(&self, placed: &Placed, event: &Recorded) {
        let order = OpenOrder {
            heard: Heard::default(),
            placed: event.position,
            placed_at: event.time,
            due: self.due(placed.deadline),
            correlation: event.metadata.correlation,
            traceparent: event.metadata.traceparent.clone(),
        };
        let id = placed.terms.order;
        let mut open = self.lock();
        open.placed.insert(event.position, id);
        if let Some(before) = open.orders.insert(id, order) {
            open.placed.remove(&before.placed);
        }
        self.figures.open(open.orders.len());
        drop(open);
        self.door.placed(id, placed.terms.customer, self.since(event.time));
    }

    fn ended(&self, order: Uuid, heard: &OrderEvent, event: &Recorded) {
        let mut open = self.lock();
        if let Some(ended) = open.orders.remove(&order) {
            open.placed.remove(&ended.placed);
            self.figures.ended(heard, event.time, ended.placed_at);
        }
        self.figures.open(open.orders.len());
    }

    /// When something recorded happened. An open order is never older than its time to wait.
    fn since(&self, at: Timestamp) -> Duration {
        let age = self.clock.now().since(at).min(self.patience);
        self.clock.elapsed().saturating_sub(age)
    }

    /// When a deadline passes, counted from now. `since` is zero for one that has passed.
    fn due(&self, deadline: Timestamp) -> Duration {
        self.clock.elapsed() + deadline.since(self.clock.now()).min(self.patience)
    }

    /// Takes note of an answer to an order; what is to be done then.
    pub(crate) fn step(&self, order: Uuid, answered: Answered) -> Option<(Uuid, Command)> {
        let mut open = self.lock();
        // A late answer to an order that has ended needs no action: product and customer react to the outcome.
        let known = open.orders.get_mut(&order)?;
        let (heard, next) = saga::step(known.heard, answered);
        known.heard = heard;
        match next {
            Next::Wait => None,
            Next::Finalize => Some((order, Command::Finalize)),
            Next::Deny(reasons) => Some((order, Command::Deny(reasons))),
        }
    }

    /// Orders whose deadline has passed, oldest first, and how to end them.
    pub(crate) fn overdue(&self) -> Vec<(Uuid, CommandRequest<Command>)> {
        let now = self.clock.elapsed();
        let open = self.lock();
        let overdue = open.orders.iter().filter(|(_, order)| order.due < now);
        let ends =
            overdue.filter_map(|(id, order)| match saga::step(order.heard, Answered::Deadline).1 {
                Next::Deny(reasons) => Some((*id, order.end(reasons))),
                Next::Wait | Next::Finalize => None,
            });
        ends.take(DENIED_AT_ONCE).collect()
    }
}

impl OpenOrder {
    fn end(&self, reasons: Vec<Reason>) -> CommandRequest<Command> {
        let actor = Actor::reactor(order::DEADLINE_REACTOR);
        let metadata = Metadata {
            traceparent: self.traceparent.clone(),
            ..Metadata::of(actor, self.correlation)
        };
        CommandRequest { command: Command::Deny(reasons), metadata }
    }
}
