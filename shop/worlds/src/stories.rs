//! What people are shown of each order, held against what is recorded: the drawing of its saga, and of a denied one the sentence that
//! says why and what would have let it through.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use contracts::{
    customer::CustomerEvent,
    order::{OrderEvent, Reason, Terms},
    product::ProductEvent,
    rest::{
        denial::{Denial, Lack},
        events::RecordedEvent,
        order::Step,
        story::Story,
    },
};
use kernel::{Position, Recorded};
use order::model::{What, Whose};
use promises::Violation;
use uuid::Uuid;

/// The events that decide an order.
const DECISIONS: [&str; 3] = [OrderEvent::APPROVED, OrderEvent::FINALIZED, OrderEvent::DENIED];
/// The events that answer one.
const ANSWERS: [&str; 4] = [
    ProductEvent::STOCK_RESERVED,
    ProductEvent::STOCK_DENIED,
    CustomerEvent::CREDIT_RESERVED,
    CustomerEvent::CREDIT_DENIED,
];

/// A log by position.
struct Log<'a> {
    events: &'a [Arc<Recorded>],
    violations: Vec<Violation>,
}

/// What is wrong with what people are shown. Orders that a forger wrote about are left out: what is forged proves nothing.
pub(crate) fn check(
    events: &[Arc<Recorded>],
    is_forged: impl Fn(&Recorded) -> bool,
) -> Vec<Violation> {
    let mut log = Log { events, violations: Vec::new() };
    for (order, steps) in orders(events, is_forged) {
        let story = Story::new(steps.clone());
        log.drawing(order, &steps, &story);
        log.sentence(order, &story);
    }
    log.violations
}

/// The steps of every order, without those that a forger wrote about.
pub(crate) fn orders(
    events: &[Arc<Recorded>],
    is_forged: impl Fn(&Recorded) -> bool,
) -> BTreeMap<Uuid, Vec<Step>> {
    let mut orders = BTreeMap::<Uuid, Vec<Step>>::new();
    let mut forged = BTreeSet::new();
    for event in events {
        let Some((order, step)) = step(event) else { continue };
        if is_forged(event) {
            forged.insert(order);
        }
        orders.entry(order).or_default().push(step);
    }
    orders.retain(|order, _| !forged.contains(order));
    orders
}

/// An event as a step of its order.
fn step(event: &Recorded) -> Option<(Uuid, Step)> {
    let What::Happened(happened) = order::project(event).ok()??.what else { return None };
    let Whose::Order(order) = happened.whose else { return None };
    let step = Step {
        event: happened.kind.as_str().to_owned(),
        service: happened.service,
        actor: happened.actor.to_string(),
        at: event.time,
        position: event.position,
        cause: happened.cause,
        details: serde_json::from_str(&happened.details).ok()?,
    };
    Some((order, step))
}

impl Log<'_> {
    /// Each event is drawn once, with a line from its recorded cause; a decision by an answer has one from each answer before it.
    fn drawing(&mut self, order: Uuid, steps: &[Step], story: &Story) {
        let drawn: Vec<_> = story.steps().iter().map(|step| step.position).collect();
        let recorded: Vec<_> = steps.iter().map(|step| step.position).collect();
        if drawn != recorded {
            self.violations.push(format!("order {order}: drawn are {drawn:?}, not {recorded:?}"));
        }
        for (index, step) in story.steps().iter().enumerate() {
            let mut expected: BTreeSet<Position> =
                step.cause.filter(|cause| drawn.contains(cause)).into_iter().collect();
            if DECISIONS.contains(&step.event.as_str()) && !expected.is_empty() {
                let is_needed = |other: &&Step| {
                    other.position < step.position && ANSWERS.contains(&other.event.as_str())
                };
                expected.extend(steps.iter().filter(is_needed).map(|other| other.position));
            }
            let lines = story.followed_from(index);
            let lines: BTreeSet<Position> =
                lines.iter().filter_map(|from| drawn.get(*from)).copied().collect();
            if lines != expected {
                self.violations.push(format!(
                    "order {order}: {} at {} is drawn from {lines:?}, recorded is {expected:?}",
                    step.event, step.position
                ));
            }
        }
    }

    /// Every figure of the sentence is recorded where it says, and what it asks for would have made a difference.
    fn sentence(&mut self, order: Uuid, story: &Story) {
        let Some(OrderEvent::Placed(placed)) = self.read(story.steps().first()) else { return };
        let past = self.past(&placed.terms);
        let denied = story.steps().iter().find(|step| step.event == OrderEvent::DENIED);
        let denial = Denial::of(story, &past);
        let Some(OrderEvent::Denied(denied)) = self.read(denied) else {
            if denial.is_some() {
                self.violations.push(format!("order {order} is said to be denied and is not"));
            }
            return;
        };
        let Some(denial) = denial else {
            self.violations.push(format!("order {order} was denied, and nothing says why"));
            return;
        };
        let mut shown: BTreeSet<Reason> = denial.lacks.iter().map(reason).collect();
        // What was answered too late is shown as well, and was no reason then.
        shown.retain(|reason| denied.reasons.contains(reason));
        if shown.iter().ne(&denied.reasons) {
            self.violations
                .push(format!("order {order}: {:?} of {:?}", denial.lacks, denied.reasons));
        }
        let is_false = |lack: &&Lack| !self.is_so(lack, &placed.terms, denial.at);
        let said = |lack| format!("order {order}: the log does not say {lack:?}");
        let said: Vec<_> = denial.lacks.iter().filter(is_false).map(said).collect();
        self.violations.extend(said);
    }

    fn read(&self, step: Option<&Step>) -> Option<OrderEvent> {
        OrderEvent::of(self.at(step?.position.0)?).cloned()
    }

    fn at(&self, position: u64) -> Option<&Recorded> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        self.events.get(index).map(|event| &**event)
    }

    /// The events of the order's product.
    fn past(&self, terms: &Terms) -> Vec<RecordedEvent> {
        let stream = contracts::product::stream(terms.product);
        self.events
            .iter()
            .filter(|event| event.stream == stream)
            .map(|event| events::shown(event))
            .collect()
    }

    /// Whether the log says so.
    fn is_so(&self, lack: &Lack, terms: &Terms, denied: u64) -> bool {
        let of_product = |at| ProductEvent::of(self.at(at)?);
        let stock = |at| match of_product(at) {
            Some(ProductEvent::StockDenied(no)) if no.order == terms.order => Some(no),
            _ => None,
        };
        let credit = |at| match CustomerEvent::of(self.at(at)?)? {
            CustomerEvent::CreditDenied(no) if no.order == terms.order => Some(no),
            _ => None,
        };
        match *lack {
            Lack::Stock { at, available, needed } => {
                stock(at).is_some_and(|no| no.available == available)
                    && needed == terms.quantity
                    && available < i64::from(needed)
            }
            Lack::Credit { at, available, needed } => {
                credit(at).is_some_and(|no| no.available == available)
                    && needed == terms.total()
                    && available < needed
            }
            Lack::Price { at, seen, changed } => {
                let is_price = |(since, price)| {
                    since < at
                        && match of_product(since) {
                            Some(ProductEvent::Added(added)) => added.price == price,
                            Some(ProductEvent::Changed(changed)) => changed.price == Some(price),
                            _ => false,
                        }
                };
                stock(at).is_some()
                    && seen == terms.price
                    && changed
                        .is_some_and(|(since, price)| price != seen && is_price((since, price)))
            }
            Lack::Product { at, deleted } => {
                let is_deleted = |since| {
                    since < at && matches!(of_product(since), Some(ProductEvent::Deleted(_)))
                };
                stock(at).is_some() && deleted.is_none_or(is_deleted)
            }
            Lack::Customer { at } => credit(at).is_some(),
            Lack::Late { at, .. } => match self.at(at) {
                Some(event) => {
                    let placed = OrderEvent::of(event);
                    matches!(placed, Some(OrderEvent::Placed(placed)) if event.time > placed.deadline)
                }
                None => false,
            },
            Lack::Answer { late, .. } => late.is_none_or(|late| {
                let of_deadline = stock(late).is_some_and(|no| no.reason == Reason::Deadline)
                    || credit(late).is_some_and(|no| no.reason == Reason::Deadline);
                let answer = self.at(late);
                of_deadline
                    || late > denied
                        && answer.is_some_and(|event| ANSWERS.contains(&event.kind.as_str()))
            }),
        }
    }
}

fn reason(lack: &Lack) -> Reason {
    match lack {
        Lack::Stock { .. } => Reason::OutOfStock,
        Lack::Credit { .. } => Reason::LowCredit,
        Lack::Price { .. } => Reason::PriceChanged,
        Lack::Product { .. } => Reason::UnknownProduct,
        Lack::Customer { .. } => Reason::UnknownCustomer,
        Lack::Late { .. } | Lack::Answer { .. } => Reason::Deadline,
    }
}
