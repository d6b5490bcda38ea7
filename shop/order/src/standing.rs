//! The status of an order, from the steps recorded by all services. Pure.

use contracts::{
    order::Reason,
    rest::order::{CreditStatus, Status, StockStatus},
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// What may change about an order after it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: Status,
    pub stock: StockStatus,
    pub credit: CreditStatus,
    pub reasons: Vec<Reason>,
    pub invoice: Option<u64>,
    pub updated_at: Timestamp,
}

/// What a step does to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Placed,
    Stock(StockStatus),
    Credit(CreditStatus),
    Approved,
    Finalized,
    Denied(Vec<Reason>),
    Invoiced(u64),
}

/// The details of a step beyond its type.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Telling {
    #[serde(default)]
    reasons: Vec<Reason>,
    #[serde(default)]
    invoice_number: u64,
}

impl Standing {
    /// An order that has just been placed.
    #[must_use]
    pub fn placed(at: Timestamp) -> Self {
        Self {
            status: Status::Pending,
            stock: StockStatus::Pending,
            credit: CreditStatus::Pending,
            reasons: Vec::new(),
            invoice: None,
            updated_at: at,
        }
    }

    /// Takes in the next step.
    pub fn take(&mut self, effect: &Effect, at: Timestamp) {
        match effect {
            Effect::Placed => {}
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

impl Effect {
    /// The effect of a step by its type and details; none for an event that is not a step of an order.
    #[must_use]
    pub fn of(kind: &str, details: &str) -> Option<Self> {
        let telling = || serde_json::from_str::<Telling>(details).ok();
        Some(match kind {
            "order.placed" => Self::Placed,
            "order.approved" => Self::Approved,
            "order.finalized" => Self::Finalized,
            "order.denied" => Self::Denied(telling()?.reasons),
            "product.stock-reserved" => Self::Stock(StockStatus::Reserved),
            "product.stock-denied" => Self::Stock(StockStatus::Denied),
            "product.stock-released" => Self::Stock(StockStatus::Released),
            "product.stock-committed" => Self::Stock(StockStatus::Committed),
            "customer.credit-reserved" => Self::Credit(CreditStatus::Reserved),
            "customer.credit-denied" => Self::Credit(CreditStatus::Denied),
            "customer.credit-released" => Self::Credit(CreditStatus::Released),
            "customer.credit-debited" => Self::Credit(CreditStatus::Debited),
            "accounting.invoice-issued" => Self::Invoiced(telling()?.invoice_number),
            _ => return None,
        })
    }
}
