//! Answers of the order service.

use std::collections::BTreeMap;

use crate::money::Decimal;
use kernel::{Position, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

pub use crate::order::Channel;
pub use crate::order::lifecycle::{CreditStatus, Stage, Status, StockStatus};
use crate::order::{Reason, number};

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
    /// Where it was placed; `unknown` if it was placed before this was recorded.
    #[serde(default)]
    pub channel: Channel,
    #[schema(value_type = String, format = DateTime)]
    pub placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl Order {
    /// What people call it by.
    #[must_use]
    pub fn number(&self) -> String {
        number(self.order_id)
    }

    /// How far it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage {
            status: self.status,
            stock: self.stock_status,
            credit: self.credit_status,
            invoiced: self.invoice_number.is_some(),
        }
    }

    /// Whether nothing more can happen to it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.stage().has_ended()
    }

    /// The services that have yet to record something for it.
    #[must_use]
    pub fn awaited(&self) -> Vec<&'static str> {
        self.stage().awaited()
    }
}

/// One step of an order, recorded by any service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// The type of the recorded event.
    pub event: String,
    /// Who recorded it: the category of the event's stream.
    pub service: String,
    pub actor: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[schema(value_type = u64)]
    pub position: Position,
    /// The position of the event that it reacts to. Absent for what was requested, and for what a service did by itself, as at a
    /// deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub cause: Option<Position>,
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
