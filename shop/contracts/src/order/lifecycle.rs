//! An order's life: what each recorded event does to it, how far it is, who has yet to record something, and when it has ended. Pure.
//!
//! ```text
//!  Pending ─▶ Approved ─▶ Finalized ── stock committed, credit debited, invoice issued ──▶ ended
//!     └─────▶ Canceled ── both have answered, and nothing is held any more ─────────────▶ ended
//! ```

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{OrderEvent, Reason};
use crate::{
    accounting::{self, AccountingEvent},
    customer::{self, CustomerEvent},
    product::{self, ProductEvent},
};

/// The status of an order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
pub enum Status {
    #[default]
    Pending,
    Canceled,
    Approved,
    Finalized,
}

/// The status of the stock of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum StockStatus {
    #[default]
    Pending,
    Reserved,
    Denied,
    Released,
    Committed,
}

/// The status of the credit for an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CreditStatus {
    #[default]
    Pending,
    Reserved,
    Denied,
    Released,
    Debited,
}

/// How far an order is: all that its end depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    pub status: Status,
    pub stock: StockStatus,
    pub credit: CreditStatus,
    pub invoiced: bool,
}

impl Stage {
    /// Whether nothing more can happen to the order: the only rule for that question.
    ///
    /// A canceled order has not ended before product and customer have both answered it. At its deadline one of them may still be
    /// silent; that service's answer is recorded later all the same, and what it reserved is then released. To call such an order
    /// ended would hide those events from its viewers, and count an order as done that still holds stock or credit.
    #[must_use]
    pub fn has_ended(self) -> bool {
        self.awaited().is_empty()
    }

    /// The services, by the categories of their streams, that have yet to record something for the order.
    #[must_use]
    pub fn awaited(self) -> Vec<&'static str> {
        let Self { status, stock, credit, invoiced } = self;
        let (product, customer) = match status {
            Status::Pending => (stock == StockStatus::Pending, credit == CreditStatus::Pending),
            Status::Approved => (false, false),
            Status::Canceled => (
                !matches!(stock, StockStatus::Denied | StockStatus::Released),
                !matches!(credit, CreditStatus::Denied | CreditStatus::Released),
            ),
            Status::Finalized => (stock != StockStatus::Committed, credit != CreditStatus::Debited),
        };
        let order = match status {
            Status::Pending => !product && !customer,
            Status::Approved => true,
            Status::Canceled | Status::Finalized => false,
        };
        let services = [
            (super::CATEGORY, order),
            (product::CATEGORY, product),
            (customer::CATEGORY, customer),
            (accounting::CATEGORY, status == Status::Finalized && !invoiced),
        ];
        services.into_iter().filter(|(_, awaited)| *awaited).map(|(service, _)| service).collect()
    }
}

/// An event of an order that was recorded, or is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The service that records it, by the category of its streams.
    pub service: &'static str,
    /// Its type.
    pub event: &'static str,
    pub is_done: bool,
}

impl Stage {
    /// The way of the order to its end, as far as it is known: what was recorded and what is still to come. A service that has yet to
    /// answer is expected to reserve.
    #[must_use]
    pub fn milestones(self) -> Vec<Milestone> {
        let Self { status, stock, credit, invoiced } = self;
        let (no_stock, no_credit) = (stock == StockStatus::Denied, credit == CreditStatus::Denied);
        let stock_answer =
            if no_stock { ProductEvent::STOCK_DENIED } else { ProductEvent::STOCK_RESERVED };
        let credit_answer =
            if no_credit { CustomerEvent::CREDIT_DENIED } else { CustomerEvent::CREDIT_RESERVED };
        let mut way = vec![
            (OrderEvent::PLACED, true),
            (stock_answer, stock != StockStatus::Pending),
            (credit_answer, credit != CreditStatus::Pending),
        ];
        if no_stock || no_credit || status == Status::Canceled {
            way.push((OrderEvent::DENIED, status == Status::Canceled));
            if !no_stock && stock != StockStatus::Pending {
                way.push((ProductEvent::STOCK_RELEASED, stock == StockStatus::Released));
            }
            if !no_credit && credit != CreditStatus::Pending {
                way.push((CustomerEvent::CREDIT_RELEASED, credit == CreditStatus::Released));
            }
        } else {
            let is_final = status == Status::Finalized;
            way.push((OrderEvent::APPROVED, is_final || status == Status::Approved));
            way.push((OrderEvent::FINALIZED, is_final));
            way.push((ProductEvent::STOCK_COMMITTED, stock == StockStatus::Committed));
            way.push((CustomerEvent::CREDIT_DEBITED, credit == CreditStatus::Debited));
            way.push((AccountingEvent::INVOICE_ISSUED, invoiced));
        }
        let milestone = |(event, is_done): (&'static str, bool)| {
            let service = event.split_once('.').map_or(event, |(service, _)| service);
            Milestone { service, event, is_done }
        };
        way.into_iter().map(milestone).collect()
    }
}

/// What may change about an order after it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    pub status: Status,
    pub stock: StockStatus,
    pub credit: CreditStatus,
    pub reasons: Vec<Reason>,
    pub invoice: Option<u64>,
    pub updated_at: Timestamp,
}

impl OrderState {
    /// An order that has just been placed.
    #[must_use]
    pub fn placed(at: Timestamp) -> Self {
        let Stage { status, stock, credit, .. } = Stage::default();
        Self { status, stock, credit, reasons: Vec::new(), invoice: None, updated_at: at }
    }

    /// Takes in the next step. An order is decided once: what a forger adds later changes neither its status nor its reasons.
    pub fn take(&mut self, effect: &Effect, at: Timestamp) {
        let is_decided = matches!(self.status, Status::Canceled | Status::Finalized);
        match effect {
            Effect::Placed | Effect::Nothing => {}
            Effect::Approved | Effect::Finalized | Effect::Denied(_) if is_decided => {}
            Effect::Stock(status) => self.stock = *status,
            Effect::Credit(status) => self.credit = *status,
            Effect::Approved => self.status = Status::Approved,
            Effect::Finalized => self.status = Status::Finalized,
            Effect::Denied(reasons) => {
                self.status = Status::Canceled;
                self.reasons.clone_from(reasons);
            }
            Effect::Invoiced(number) => self.invoice = Some(*number),
        }
        self.updated_at = at;
    }
}

/// What a recorded event does to its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Placed,
    Stock(StockStatus),
    Credit(CreditStatus),
    Approved,
    Finalized,
    Denied(Vec<Reason>),
    Invoiced(u64),
    /// It belongs to the order's history and changes nothing about where the order stands, as what other services do for it.
    Nothing,
}

/// The details of a step, as the REST API shows them, that tell more than its type does.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Telling {
    #[serde(default)]
    reasons: Vec<Reason>,
    #[serde(default)]
    invoice_number: u64,
}

impl Effect {
    /// The order that the event is about, and what it does to it.
    #[must_use]
    pub fn of_order(event: &OrderEvent) -> (Uuid, Self) {
        match event {
            OrderEvent::Placed(placed) => (placed.terms.order, Self::Placed),
            OrderEvent::Approved(terms) => (terms.order, Self::Approved),
            OrderEvent::Finalized(finalized) => (finalized.terms.order, Self::Finalized),
            OrderEvent::Denied(denied) => {
                (denied.terms.order, Self::Denied(denied.reasons.clone()))
            }
        }
    }

    /// The order that the event is about, if it is about one, and what it does to it.
    #[must_use]
    pub fn of_product(event: &ProductEvent) -> Option<(Uuid, Self)> {
        let (order, status) = match event {
            ProductEvent::StockReserved(reserved) => (reserved.order, StockStatus::Reserved),
            ProductEvent::StockDenied(denied) => (denied.order, StockStatus::Denied),
            ProductEvent::StockReleased(released) => (released.order, StockStatus::Released),
            ProductEvent::StockCommitted(committed) => (committed.order, StockStatus::Committed),
            ProductEvent::Added(_) | ProductEvent::Changed(_) | ProductEvent::Deleted(_) => {
                return None;
            }
        };
        Some((order, Self::Stock(status)))
    }

    /// The order that the event is about, if it is about one, and what it does to it.
    #[must_use]
    pub fn of_customer(event: &CustomerEvent) -> Option<(Uuid, Self)> {
        let (order, status) = match event {
            CustomerEvent::CreditReserved(reserved) => (reserved.order, CreditStatus::Reserved),
            CustomerEvent::CreditDenied(denied) => (denied.order, CreditStatus::Denied),
            CustomerEvent::CreditReleased(released) => (released.order, CreditStatus::Released),
            CustomerEvent::CreditDebited(debited) => (debited.order, CreditStatus::Debited),
            CustomerEvent::Registered(_)
            | CustomerEvent::ProfileChanged(_)
            | CustomerEvent::PasswordChanged(_)
            | CustomerEvent::LoggedOut(_)
            | CustomerEvent::CreditChanged(_) => return None,
        };
        Some((order, Self::Credit(status)))
    }

    /// The order that the event is about, and what it does to it.
    #[must_use]
    pub fn of_accounting(event: &AccountingEvent) -> (Uuid, Self) {
        let AccountingEvent::InvoiceIssued(invoice) = event;
        (invoice.order, Self::Invoiced(invoice.number))
    }

    /// The effect of a step of which only this is left: the service that recorded it, its type, and its details as the REST API shows
    /// them (a JSON object). Types that bear another service's name have no effect.
    #[must_use]
    pub fn of_step(service: &str, kind: &str, details: &str) -> Self {
        let telling = || serde_json::from_str::<Telling>(details).ok();
        match kind {
            kind if kind.split_once('.').is_none_or(|(own, _)| own != service) => Self::Nothing,
            OrderEvent::PLACED => Self::Placed,
            OrderEvent::APPROVED => Self::Approved,
            OrderEvent::FINALIZED => Self::Finalized,
            OrderEvent::DENIED => Self::Denied(telling().map_or_else(Vec::new, |of| of.reasons)),
            ProductEvent::STOCK_RESERVED => Self::Stock(StockStatus::Reserved),
            ProductEvent::STOCK_DENIED => Self::Stock(StockStatus::Denied),
            ProductEvent::STOCK_RELEASED => Self::Stock(StockStatus::Released),
            ProductEvent::STOCK_COMMITTED => Self::Stock(StockStatus::Committed),
            CustomerEvent::CREDIT_RESERVED => Self::Credit(CreditStatus::Reserved),
            CustomerEvent::CREDIT_DENIED => Self::Credit(CreditStatus::Denied),
            CustomerEvent::CREDIT_RELEASED => Self::Credit(CreditStatus::Released),
            CustomerEvent::CREDIT_DEBITED => Self::Credit(CreditStatus::Debited),
            AccountingEvent::INVOICE_ISSUED => {
                telling().map_or(Self::Nothing, |of| Self::Invoiced(of.invoice_number))
            }
            _ => Self::Nothing,
        }
    }
}
