//! Answers of the order service.

use std::collections::BTreeMap;

use crate::money::Decimal;
use kernel::{Position, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::Reason;

/// The current state of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Order {
    pub order_id: Uuid,
    pub user_name: String,
    pub product_id: Uuid,
    /// The product's name when the order was placed.
    pub product_name: String,
    pub quantity: u32,
    /// Of one piece.
    #[schema(value_type = f64)]
    pub price: Decimal,
    #[schema(value_type = f64)]
    pub total: Decimal,
    /// ISO 4217.
    pub currency: String,
    pub status: Status,
    pub stock_status: StockStatus,
    pub credit_status: CreditStatus,
    /// Why it was canceled.
    pub reasons: Vec<Reason>,
    pub invoice_number: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    pub placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl Order {
    /// Whether nothing more can happen to it; see [`has_ended`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let Self { status, stock_status, credit_status, invoice_number, .. } = self;
        has_ended((*status, *stock_status, *credit_status), invoice_number.is_some())
    }
}

/// Whether nothing more can happen to an order that stands so: finalized with stock committed, credit debited and the invoice
/// issued, or canceled with nothing held. While an answer is pending it may still be that something was reserved, which is then
/// released: a canceled order has not ended before both have answered.
#[must_use]
pub fn has_ended(standing: (Status, StockStatus, CreditStatus), invoiced: bool) -> bool {
    let (status, stock, credit) = standing;
    match status {
        Status::Pending | Status::Approved => false,
        Status::Finalized => {
            invoiced && stock == StockStatus::Committed && credit == CreditStatus::Debited
        }
        Status::Canceled => {
            matches!(stock, StockStatus::Denied | StockStatus::Released)
                && matches!(credit, CreditStatus::Denied | CreditStatus::Released)
        }
    }
}

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

/// One step of an order, recorded by any service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// The type of the recorded event.
    pub event: String,
    pub service: String,
    pub actor: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[schema(value_type = u64)]
    pub position: Position,
    /// Details of the event, by its type.
    pub details: Map<String, Value>,
}

/// A change of an order, as sent by `order-events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// What happened.
    pub step: Step,
    /// The order at the time of this message.
    pub order: Order,
}

/// Statistics of the orders of a period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Statistics {
    pub total: u64,
    /// Neither finalized nor canceled yet.
    pub open: u64,
    pub by_status: BTreeMap<String, u64>,
    /// Canceled orders by reason; an order with two reasons counts for both.
    pub by_reason: BTreeMap<String, u64>,
    /// From placed to finalized or canceled.
    pub durations: Durations,
}

/// How long something takes, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Durations {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_ended_when_nothing_more_can_happen_to_it() {
        use {CreditStatus as Credit, StockStatus as Stock};
        let stock =
            [Stock::Pending, Stock::Reserved, Stock::Denied, Stock::Released, Stock::Committed];
        let credit =
            [Credit::Pending, Credit::Reserved, Credit::Denied, Credit::Released, Credit::Debited];
        for (stock, (credit, invoiced)) in stock
            .into_iter()
            .flat_map(|stock| credit.into_iter().map(move |credit| (stock, credit)))
            .flat_map(|(stock, credit)| [false, true].map(|invoiced| (stock, (credit, invoiced))))
        {
            let ended = |status| has_ended((status, stock, credit), invoiced);
            assert!(!ended(Status::Pending) && !ended(Status::Approved));
            let all = (stock, credit, invoiced) == (Stock::Committed, Credit::Debited, true);
            assert_eq!(ended(Status::Finalized), all);
            let holds_nothing = matches!(stock, Stock::Denied | Stock::Released)
                && matches!(credit, Credit::Denied | Credit::Released);
            assert_eq!(ended(Status::Canceled), holds_nothing, "{stock:?} {credit:?}");
        }
    }
}
