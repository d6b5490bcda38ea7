//! Answers of the order service.

use std::collections::BTreeMap;

use kernel::{Decimal, Position, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::Reason;

/// An order as it stands.
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

/// Where an order stands.
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

/// Where the stock of an order stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum StockStatus {
    #[default]
    Pending,
    Reserved,
    Denied,
    Released,
    Committed,
}

/// Where the credit for an order stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CreditStatus {
    #[default]
    Pending,
    Reserved,
    Denied,
    Released,
    Debited,
}

/// One step of an order, by whichever service.
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
    /// What matters of the event, by its type.
    pub details: Map<String, Value>,
}

/// A change of an order, as `order-events` tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    /// What happened.
    pub step: Step,
    /// The order as it stands when this is told.
    pub order: Order,
}

/// Orders of a time in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Statistics {
    pub total: u64,
    /// Neither finalized nor canceled yet.
    pub open: u64,
    pub by_status: BTreeMap<String, u64>,
    /// Canceled orders by reason; one with two reasons counts for both.
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
