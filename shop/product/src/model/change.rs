//! Changes of the read model: differences with their positions, so that any engine can apply them exactly once.

use contracts::product::{Added, Changed};
use kernel::Position;
use uuid::Uuid;

/// What one event changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub position: Position,
    pub what: What,
    /// The request that created something here, if it can be sent again.
    pub created: Option<Created>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    ProductAdded(Box<Added>),
    ProductChanged(Uuid, Box<Changed>),
    ProductDeleted(Uuid, StockMoved),
    Stock(Uuid, StockMoved),
    CategoryAdded { category: Uuid, name: String },
    CategoryRenamed { category: Uuid, name: String },
    CategoryDeleted(Uuid),
    LowStockSet(i64),
}

/// A request that created something, to recognize its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    pub key: Uuid,
    /// A digest of the whole request.
    pub request: Uuid,
    /// The product or category that it created.
    pub subject: Uuid,
}

/// Differences of a product's units. Each kind is counted by itself, so that their balance proves something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockMoved {
    pub received: i64,
    pub on_hand: i64,
    pub reserved: i64,
    pub available: i64,
    pub sold: i64,
}

impl What {
    /// The product or category that is created.
    #[must_use]
    pub fn created(&self) -> Option<Uuid> {
        match self {
            Self::ProductAdded(added) => Some(added.product),
            Self::CategoryAdded { category, .. } => Some(*category),
            _ => None,
        }
    }
}

impl StockMoved {
    /// Units came, or, if negative, were written off.
    #[must_use]
    pub fn received(units: i64) -> Self {
        Self { received: units, on_hand: units, available: units, ..Self::default() }
    }

    /// Units are held for an order.
    #[must_use]
    pub fn reserved(quantity: u32) -> Self {
        let units = i64::from(quantity);
        Self { reserved: units, available: -units, ..Self::default() }
    }

    /// Units held for an order are available again.
    #[must_use]
    pub fn released(quantity: u32) -> Self {
        let units = i64::from(quantity);
        Self { reserved: -units, available: units, ..Self::default() }
    }

    /// Units held for an order left.
    #[must_use]
    pub fn sold(quantity: u32) -> Self {
        let units = i64::from(quantity);
        Self { reserved: -units, on_hand: -units, sold: units, ..Self::default() }
    }
}

impl std::ops::AddAssign for StockMoved {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.on_hand += other.on_hand;
        self.reserved += other.reserved;
        self.available += other.available;
        self.sold += other.sold;
    }
}
