//! What a checked log adds up to, in figures for people.

use contracts::{
    money::Money,
    order::lifecycle::{Stage, Status},
};
use kernel::{Position, Timestamp};
use uuid::Uuid;

use super::Checker;

/// The sums behind the promises: each side is added up by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The last event's position.
    pub position: Position,
    /// Events, counted by their streams.
    pub events: u64,
    pub streams: usize,
    /// Reactions to a cause, each of them the only one of its kind.
    pub reactions: usize,
    pub stock: Stock,
    pub credit: Credit,
    pub finalized: usize,
    pub denied: usize,
    pub invoices: u64,
}

/// What there is of all products together: `received` is `on_hand` and `sold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    pub received: i64,
    pub on_hand: i64,
    pub sold: i64,
    pub reserved: i64,
}

/// What all customers may spend together: `granted` is `left` and `spent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    pub granted: Money,
    pub left: Money,
    pub spent: Money,
    pub reserved: Money,
}

/// An order that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub id: Uuid,
    pub placed_at: Timestamp,
    /// The services that have yet to record something for it are [`Stage::awaited`].
    pub stage: Stage,
}

impl Open {
    /// Whether its invoice is still to come.
    #[must_use]
    pub fn is_finalized_without_invoice(&self) -> bool {
        self.stage.status == Status::Finalized && !self.stage.invoiced
    }
}

impl Checker {
    /// What the log adds up to so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (finalized, denied) = self.ends();
        Figures {
            position: self.position,
            events: self.versions.values().sum(),
            streams: self.versions.len(),
            reactions: self.reactions.len(),
            stock: self.stock_in_all(),
            credit: self.credit_in_all(),
            finalized,
            denied,
            invoices: self.invoices,
        }
    }

    /// Orders that have not ended, the longest first.
    #[must_use]
    pub fn open_orders(&self) -> Vec<Open> {
        let open = self.orders.iter().filter(|(_, order)| order.placed && !order.has_ended());
        let mut open: Vec<Open> = open
            .map(|(id, order)| Open { id: *id, placed_at: order.placed_at, stage: order.stage })
            .collect();
        open.sort_by_key(|order| order.placed_at);
        open
    }

    /// How an order stands; none if it is not in the log.
    #[must_use]
    pub fn status(&self, order: Uuid) -> Option<Status> {
        self.orders.get(&order).filter(|order| order.placed).map(|order| order.stage.status)
    }

    fn stock_in_all(&self) -> Stock {
        self.products.values().fold(Stock::default(), |all, (state, sold)| Stock {
            received: all.received + state.stock.received,
            on_hand: all.on_hand + state.stock.on_hand,
            sold: all.sold + sold.0,
            reserved: all.reserved + state.stock.reserved,
        })
    }

    fn credit_in_all(&self) -> Credit {
        self.customers.values().fold(Credit::default(), |all, (state, spent)| Credit {
            granted: all.granted + state.credit.granted,
            left: all.left + state.credit.credit,
            spent: all.spent + *spent,
            reserved: all.reserved + state.credit.reserved,
        })
    }
}
