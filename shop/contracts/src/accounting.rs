//! What accounting records: all invoices in the one stream `accounting-invoices`, numbered by version + 1.

use crate::money::Money;
use kernel::{Recorded, StreamId, events};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The category of the stream.
pub const CATEGORY: &str = "accounting";

/// The one stream of all invoices, which keeps their numbers gapless.
#[must_use]
pub fn stream() -> StreamId {
    StreamId::new(CATEGORY, "invoices").expect("a stream's name")
}

events! {
    /// The events of accounting.
    AccountingEvent {
        InvoiceIssued(InvoiceIssued) = INVOICE_ISSUED "accounting.invoice-issued" @ 1,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceIssued {
    /// From 1, without gaps.
    pub number: u64,
    pub order: Uuid,
    pub customer: Uuid,
    pub product: Uuid,
    pub product_name: String,
    pub quantity: u32,
    /// Minor units.
    pub unit_price: Money,
    /// Minor units.
    pub total: Money,
    pub currency: String,
}

impl InvoiceIssued {
    /// Whether the number is that of its event's place in the one stream of invoices. Any other is none of accounting's.
    #[must_use]
    pub fn is_numbered_by(&self, event: &Recorded) -> bool {
        event.stream == stream() && self.number == event.version.0 + 1
    }
}
