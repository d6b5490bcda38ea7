//! The promises, checked against a whole log: folded event by event, at every version of every stream.

mod about;
mod figures;

use std::collections::{BTreeMap, BTreeSet};

use contracts::money::Money;
use contracts::{
    accounting::AccountingEvent,
    customer::CustomerEvent,
    order::{
        OrderEvent,
        lifecycle::{CreditStatus, Effect, Stage, Status, StockStatus},
    },
    product::ProductEvent,
};
use kernel::{Decider, Position, Recorded, Timestamp};
use uuid::Uuid;

pub use about::About;
pub use figures::{Credit, Figures, Open, Stock};

/// A broken promise, in words.
pub type Violation = String;

/// Each order, from the log.
#[derive(Clone, Debug, Default)]
struct Order {
    placed: bool,
    placed_at: Timestamp,
    stage: Stage,
    total: Money,
    invoices: u32,
}

impl Order {
    fn has_ended(&self) -> bool {
        let due = u32::from(self.stage.status == Status::Finalized);
        self.placed && self.stage.has_ended() && self.invoices == due
    }
}

/// A log being checked.
#[derive(Default)]
pub struct Checker {
    position: Position,
    versions: BTreeMap<String, u64>,
    products: BTreeMap<Uuid, (product::domain::State, Sold)>,
    customers: BTreeMap<Uuid, (customer::domain::State, Money)>,
    orders: BTreeMap<Uuid, Order>,
    invoices: u64,
    reactions: BTreeSet<(String, u64, String)>,
    violations: Vec<Violation>,
    broken: BTreeMap<About, u64>,
}

#[derive(Default)]
struct Sold(i64);

impl Checker {
    /// Takes in the next event of the log.
    pub fn take(&mut self, event: &Recorded) {
        self.check_place(event);
        self.check_cause(event);
        match event.stream.category() {
            contracts::product::CATEGORY => self.product(event),
            contracts::customer::CATEGORY => self.customer(event),
            contracts::order::CATEGORY => self.order(event),
            contracts::accounting::CATEGORY => self.invoice(event),
            _ => {}
        }
    }

    /// Takes in the next event of the log, which is not the shop's: it has its place, and means nothing.
    pub fn take_forged(&mut self, event: &Recorded) {
        self.check_place(event);
    }

    /// Everything that is broken once all orders should have ended.
    #[must_use]
    pub fn finish(mut self) -> Vec<Violation> {
        for (id, order) in std::mem::take(&mut self.orders) {
            self.check_end(id, &order);
        }
        self.violations
    }

    /// Whether the order is in the log.
    #[must_use]
    pub fn has_order(&self, order: Uuid) -> bool {
        self.orders.get(&order).is_some_and(|order| order.placed)
    }

    /// Whether the order was denied.
    #[must_use]
    pub fn is_denied(&self, order: Uuid) -> bool {
        self.orders.get(&order).is_some_and(|order| order.stage.status == Status::Canceled)
    }

    /// Orders that have not ended, or whose end is not complete.
    pub fn open(&self) -> impl Iterator<Item = Uuid> {
        self.orders.iter().filter(|(_, order)| !order.has_ended()).map(|(id, _)| *id)
    }

    /// Orders that were finalized, and denied.
    #[must_use]
    pub fn ends(&self) -> (usize, usize) {
        let count =
            |status| self.orders.values().filter(|order| order.stage.status == status).count();
        (count(Status::Finalized), count(Status::Canceled))
    }

    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How often a promise about this was broken.
    #[must_use]
    pub fn broken_about(&self, about: About) -> u64 {
        self.broken.get(&about).copied().unwrap_or_default()
    }

    fn broken(&mut self, about: About, event: &Recorded, what: impl std::fmt::Display) {
        *self.broken.entry(about).or_default() += 1;
        let (position, kind, stream) = (event.position, &event.kind, &event.stream);
        self.violations
            .push(format!("at {position}, {kind} of {stream}: {what}", kind = kind.as_str()));
    }

    fn check_place(&mut self, event: &Recorded) {
        if event.position != self.position.next() {
            let before = self.position;
            self.broken(About::Log, event, format_args!("follows position {before} (promise 2)"));
        }
        self.position = event.position;
        let next = self.versions.entry(event.stream.to_string()).or_default();
        let expected = *next;
        *next = event.version.0 + 1;
        if event.version.0 != expected {
            self.broken(
                About::Log,
                event,
                format_args!("version {} where {expected} is next (promise 2)", event.version),
            );
        }
    }

    /// A cause leads to one reaction of a reactor in a stream; its events carry it together, in one append.
    fn check_cause(&mut self, event: &Recorded) {
        let Some(cause) = &event.metadata.cause else { return };
        if cause.position >= event.position {
            self.broken(
                About::Log,
                event,
                format_args!("reacts to {}, which comes later", cause.position),
            );
        }
        let reaction =
            (cause.reactor.to_string(), cause.position.0, event.kind.as_str().to_owned());
        if !self.reactions.insert(reaction) {
            self.broken(
                About::Log,
                event,
                format_args!("a second reaction to {} (promise 4)", cause.position),
            );
        }
    }

    fn product(&mut self, event: &Recorded) {
        let Some(happened) = ProductEvent::of(event) else {
            return self.broken(About::Stock, event, "does not parse");
        };
        if let Some((order, Effect::Stock(to))) = Effect::of_product(happened) {
            self.stock(event, order, to);
        }
        let id = Uuid::parse_str(event.stream.id()).unwrap_or_default();
        let (state, sold) = self.products.entry(id).or_default();
        product::domain::Product::evolve(state, happened);
        if let ProductEvent::StockCommitted(committed) = happened {
            sold.0 += i64::from(committed.quantity);
        }
        let (stock, sold) = (state.stock, sold.0);
        let held: i64 = state.reserved.values().map(|quantity| i64::from(*quantity)).sum();
        if stock.received != stock.on_hand + sold
            || stock.reserved != held
            || stock.available() < 0
            || stock.on_hand < 0
        {
            self.broken(
                About::Stock,
                event,
                format_args!("{stock:?}, sold {sold}, held {held} (promise 6)"),
            );
        }
    }

    fn customer(&mut self, event: &Recorded) {
        let Some(happened) = CustomerEvent::of(event) else {
            return self.broken(About::Money, event, "does not parse");
        };
        if let Some((order, Effect::Credit(to))) = Effect::of_customer(happened) {
            self.credit(event, order, to);
        }
        let id = Uuid::parse_str(event.stream.id()).unwrap_or_default();
        let (state, spent) = self.customers.entry(id).or_default();
        customer::domain::Customer::evolve(state, happened);
        if let CustomerEvent::CreditDebited(debited) = happened {
            *spent += debited.amount;
        }
        let (credit, spent) = (state.credit, *spent);
        let held: Money = state.reserved.values().copied().sum();
        if credit.granted != credit.credit + spent
            || credit.reserved != held
            || credit.available().is_negative()
        {
            self.broken(
                About::Money,
                event,
                format_args!("{credit:?}, spent {spent}, held {held} (promise 6)"),
            );
        }
    }

    fn order(&mut self, event: &Recorded) {
        let Some(happened) = OrderEvent::of(event) else {
            return self.broken(About::Orders, event, "does not parse");
        };
        let id = Uuid::parse_str(event.stream.id()).unwrap_or_default();
        let order = self.orders.entry(id).or_default();
        let before = order.clone();
        let held = before.stage.stock == StockStatus::Reserved
            && before.stage.credit == CreditStatus::Reserved;
        let is_pending =
            before.placed && matches!(before.stage.status, Status::Pending | Status::Approved);
        match happened {
            OrderEvent::Placed(placed) => {
                (order.placed, order.total) = (true, placed.terms.total());
                order.placed_at = event.time;
            }
            OrderEvent::Approved(_) => {}
            OrderEvent::Finalized(_) => order.stage.status = Status::Finalized,
            OrderEvent::Denied(_) => order.stage.status = Status::Canceled,
        }
        match happened {
            OrderEvent::Placed(_) if before.placed => {
                self.broken(About::Orders, event, "placed twice");
            }
            OrderEvent::Approved(_) | OrderEvent::Finalized(_) if !is_pending => {
                self.broken(
                    About::Orders,
                    event,
                    "finalized an order that is not pending (promise 7)",
                );
            }
            OrderEvent::Finalized(_) if !held => {
                self.broken(
                    About::Orders,
                    event,
                    "finalized without stock and credit reserved (promise 6)",
                );
            }
            OrderEvent::Denied(_) if !is_pending => {
                self.broken(About::Orders, event, "denied what is not pending (promise 7)");
            }
            OrderEvent::Placed(_)
            | OrderEvent::Approved(_)
            | OrderEvent::Finalized(_)
            | OrderEvent::Denied(_) => {}
        }
    }

    fn invoice(&mut self, event: &Recorded) {
        let Some(AccountingEvent::InvoiceIssued(invoice)) = AccountingEvent::of(event) else {
            return self.broken(About::Orders, event, "does not parse");
        };
        self.invoices += 1;
        let expected = self.invoices;
        let order = self.orders.entry(invoice.order).or_default();
        order.invoices += 1;
        order.stage.invoiced = true;
        let (invoices, total) = (order.invoices, order.total);
        let finalized = order.stage.status == Status::Finalized;
        if invoice.number != expected || event.version.0 + 1 != expected {
            self.broken(
                About::Orders,
                event,
                format_args!("number {} where {expected} is next", invoice.number),
            );
        }
        if !finalized || invoices != 1 || invoice.total != total {
            self.broken(About::Orders, event, format_args!("invoice {invoices} of an order over {total}, finalized: {finalized} (promise 4)"));
        }
    }

    /// Each of product and customer answers an order once, and lets go of what it holds once.
    fn stock(&mut self, event: &Recorded, order: Uuid, to: StockStatus) {
        let stock = &mut self.orders.entry(order).or_default().stage.stock;
        let was = std::mem::replace(stock, to);
        let from = match to {
            StockStatus::Pending | StockStatus::Reserved | StockStatus::Denied => {
                StockStatus::Pending
            }
            StockStatus::Released | StockStatus::Committed => StockStatus::Reserved,
        };
        if was != from {
            self.broken(
                About::Stock,
                event,
                format_args!("stock of the order was {was:?}, not {from:?} (promise 4)"),
            );
        }
    }

    fn credit(&mut self, event: &Recorded, order: Uuid, to: CreditStatus) {
        let credit = &mut self.orders.entry(order).or_default().stage.credit;
        let was = std::mem::replace(credit, to);
        let from = match to {
            CreditStatus::Pending | CreditStatus::Reserved | CreditStatus::Denied => {
                CreditStatus::Pending
            }
            CreditStatus::Released | CreditStatus::Debited => CreditStatus::Reserved,
        };
        if was != from {
            self.broken(
                About::Money,
                event,
                format_args!("credit of the order was {was:?}, not {from:?} (promise 4)"),
            );
        }
    }

    fn check_end(&mut self, id: Uuid, order: &Order) {
        if !order.has_ended() {
            self.violations.push(format!("order {id} has not ended (promise 7): {order:?}"));
        }
    }
}
