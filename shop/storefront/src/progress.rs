//! The progress of an order: its steps in plain words, never ahead of what is recorded.

use askama::{Template, filters::HtmlSafe};
use contracts::{
    accounting::AccountingEvent,
    customer::CustomerEvent,
    order::{
        OrderEvent, Reason,
        lifecycle::{CreditStatus, Status, StockStatus},
    },
    product::ProductEvent,
    rest::order::{Order, Step},
};
use kernel::Timestamp;
use site::{Badge, Elapsed, Moment};

/// The part of an order's page that grows while the order runs.
#[derive(Template)]
#[template(path = "progress.html")]
pub(crate) struct Progress {
    order: Order,
    history: Vec<Step>,
    milestones: Vec<Milestone>,
}

/// One of the steps that every order takes.
struct Milestone {
    state: State,
    title: &'static str,
    note: String,
    at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Done,
    Now,
    Next,
    Failed,
    /// Will not happen any more.
    Skipped,
}

impl State {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Next => "next",
            Self::Failed => "bad",
            Self::Skipped => "skipped",
        }
    }

    /// For people who do not see colours.
    fn words(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Now => "In progress",
            Self::Next => "To come",
            Self::Failed => "Not possible",
            Self::Skipped => "Not reached",
        }
    }
}

impl Progress {
    pub(crate) fn new(order: Order, history: Vec<Step>) -> Self {
        let milestones = milestones(&order, &history);
        Self { order, history, milestones }
    }

    /// Whether nothing more will happen to the order.
    pub(crate) fn has_ended(&self) -> bool {
        self.order.has_ended()
    }

    /// The status of the order in one sentence, for screen readers.
    pub(crate) fn headline(&self) -> &'static str {
        match self.order.status {
            Status::Pending => "Pending: stock and credit are being reserved.",
            Status::Approved => "Approved: the order is being finalized.",
            Status::Finalized if self.order.invoice_number.is_none() => {
                "Finalized: the invoice is being written."
            }
            Status::Finalized => "Complete: the order is final and its invoice is written.",
            Status::Canceled => "Canceled: the order was not accepted, and you pay nothing.",
        }
    }

    fn badge(&self) -> Badge {
        Badge::of_order(self.order.status)
    }

    /// What a recorded event means to the customer.
    fn told<'a>(&self, event: &'a str) -> &'a str {
        match event {
            OrderEvent::PLACED => "Order placed",
            OrderEvent::APPROVED => "Order approved",
            OrderEvent::FINALIZED => "Order finalized",
            OrderEvent::DENIED => "Order canceled",
            ProductEvent::STOCK_RESERVED => "Stock reserved",
            ProductEvent::STOCK_DENIED => match denial(&self.order.reasons).0 {
                "Price" => "Price had changed",
                "Product" => "Product no longer offered",
                _ => "Stock not reserved",
            },
            ProductEvent::STOCK_RELEASED => "Stock released again",
            ProductEvent::STOCK_COMMITTED => "Stock taken for the order",
            CustomerEvent::CREDIT_RESERVED => "Credit reserved",
            CustomerEvent::CREDIT_DENIED => "Credit not available",
            CustomerEvent::CREDIT_RELEASED => "Credit released again",
            CustomerEvent::CREDIT_DEBITED => "Credit debited",
            AccountingEvent::INVOICE_ISSUED => "Invoice written",
            other => other,
        }
    }

    /// How long after the order was placed.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand on what they hold")]
    fn after(&self, at: &Timestamp) -> Elapsed {
        Elapsed(at.since(self.order.placed_at))
    }

    fn advice(&self) -> Vec<(&'static str, &'static str)> {
        self.order.reasons.iter().map(|reason| advice(*reason)).collect()
    }
}

/// Why an order was not accepted, and what to do about it.
fn advice(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::OutOfStock => {
            ("There were not enough left.", "Order fewer, or come back when there is more.")
        }
        Reason::LowCredit => (
            "Your credit was not sufficient.",
            "Order fewer, or ask us to raise your credit; your profile shows what is available.",
        ),
        Reason::PriceChanged => (
            "The price changed while you ordered.",
            "You never pay a price that you did not see: look at the new one and order again.",
        ),
        Reason::UnknownProduct => ("The product is no longer offered.", "See what else there is."),
        Reason::UnknownCustomer => (
            "Your account could not be found.",
            "Please log in again; if it happens once more, tell us.",
        ),
        Reason::Deadline => (
            "We could not check stock and credit in time.",
            "This was our fault, and nothing was charged. Please order again.",
        ),
    }
}

fn milestones(order: &Order, history: &[Step]) -> Vec<Milestone> {
    let at = |event: &str| history.iter().find(|step| step.event == event).map(|step| step.at);
    let milestone = |state, title, note: &str, event| {
        // Later steps are not facts yet, and are not shown as such.
        let note = if state == State::Next { String::new() } else { note.to_owned() };
        Milestone { state, title, note, at: at(event) }
    };
    let canceled = order.status == Status::Canceled;
    let finalized = order.status == Status::Finalized;
    let approved = if order.status == Status::Approved || finalized {
        State::Done
    } else {
        reached(canceled, State::Next)
    };
    let ended = if finalized { State::Done } else { reached(canceled, State::Next) };
    let (invoiced, invoice) = match order.invoice_number {
        Some(number) => (State::Done, format!("Number {number}")),
        None if finalized => (State::Now, "Being written".to_owned()),
        None => (ended, String::new()),
    };
    let mut milestones = vec![
        milestone(State::Done, "Order placed", "We have received it", OrderEvent::PLACED),
        stock(order, at(ProductEvent::STOCK_RESERVED).or_else(|| at(ProductEvent::STOCK_DENIED))),
        credit(
            order,
            at(CustomerEvent::CREDIT_RESERVED).or_else(|| at(CustomerEvent::CREDIT_DENIED)),
        ),
    ];
    if canceled {
        milestones.push(milestone(
            State::Failed,
            "Order canceled",
            "You pay nothing",
            OrderEvent::DENIED,
        ));
    } else {
        milestones.push(milestone(
            approved,
            "Approved",
            "Stock and credit are both held for you",
            OrderEvent::APPROVED,
        ));
        milestones.push(milestone(ended, "Finalized", "It is yours", OrderEvent::FINALIZED));
        milestones.push(milestone(invoiced, "Invoice", &invoice, AccountingEvent::INVOICE_ISSUED));
    }
    milestones
}

fn reached(canceled: bool, otherwise: State) -> State {
    if canceled { State::Skipped } else { otherwise }
}

fn stock(order: &Order, at: Option<Timestamp>) -> Milestone {
    let canceled = order.status == Status::Canceled;
    let (state, title, note) = match order.stock_status {
        StockStatus::Pending => (reached(canceled, State::Now), "Stock", "Being reserved"),
        StockStatus::Reserved if canceled => (State::Now, "Stock", "Being released again"),
        StockStatus::Reserved => (State::Done, "Stock reserved", "Held for you"),
        StockStatus::Committed => (State::Done, "Stock reserved", "Taken from the shelf for you"),
        StockStatus::Denied => {
            let (title, note) = denial(&order.reasons);
            (State::Failed, title, note)
        }
        StockStatus::Released => (State::Skipped, "Stock", "Was reserved, and is released again"),
    };
    let note = if canceled && order.stock_status == StockStatus::Pending {
        "Not checked in time"
    } else {
        note
    };
    Milestone { state, title, note: note.to_owned(), at }
}

/// Why the product service denied: only some of its reasons are about stock.
fn denial(reasons: &[Reason]) -> (&'static str, &'static str) {
    if reasons.contains(&Reason::PriceChanged) {
        ("Price", "Changed while you ordered")
    } else if reasons.contains(&Reason::UnknownProduct) {
        ("Product", "No longer offered")
    } else if reasons.contains(&Reason::OutOfStock) {
        ("Stock", "Not available")
    } else {
        ("Stock", "Not checked in time")
    }
}

fn credit(order: &Order, at: Option<Timestamp>) -> Milestone {
    let canceled = order.status == Status::Canceled;
    let (state, title, note) = match order.credit_status {
        CreditStatus::Pending => (reached(canceled, State::Now), "Credit", "Being reserved"),
        CreditStatus::Reserved if canceled => (State::Now, "Credit", "Being released again"),
        CreditStatus::Reserved => (State::Done, "Credit reserved", "Held for this order"),
        CreditStatus::Debited => (State::Done, "Credit reserved", "Debited"),
        CreditStatus::Denied => (State::Failed, "Credit", "Not available"),
        CreditStatus::Released => (State::Skipped, "Credit", "Was reserved, and is released again"),
    };
    let note = if canceled && order.credit_status == CreditStatus::Pending {
        "Not checked in time"
    } else {
        note
    };
    Milestone { state, title, note: note.to_owned(), at }
}

impl HtmlSafe for Progress {}
