//! A product's rules: its stock never goes below zero, and customers pay only prices they have seen.
//!
//! At every version: received = on hand + sold, on hand = available + reserved.

use std::collections::BTreeMap;

use contracts::money::Money;
use contracts::{
    order::{Placed, Reason, Terms},
    picture::Picture,
    product::{
        Added, Changed, Deleted, ProductEvent, StockCommitted, StockDenied, StockReleased,
        StockReserved,
    },
};
use kernel::{Decider, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most units a product may have.
pub const UNITS_MAX: i64 = 1_000_000_000;

/// The id of the product with that article number: derived from it, which keeps codes unique (`UUIDv8`).
#[must_use]
pub fn id_of_code(code: &str) -> Uuid {
    let mut bytes = [0; 16];
    let mut hasher = blake3::Hasher::new_derive_key("agora product code v1");
    hasher.update(code.as_bytes()).finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Marks the product's rules.
#[derive(Clone, Copy, Debug)]
pub struct Product;

/// What the events of a product amount to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// What managers set; `None` for a product that never was or is deleted.
    pub listing: Option<Listing>,
    /// The number of managers' changes; continues counting when a deleted product is added again.
    pub revision: u64,
    pub stock: Stock,
    /// Units held for orders that are open.
    pub reserved: BTreeMap<Uuid, u32>,
}

/// A product as managers know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    pub code: Option<String>,
    pub name: String,
    pub description: String,
    pub supplier: String,
    pub category: Uuid,
    pub price: Money,
    pub currency: String,
    pub picture: Option<Picture>,
}

/// Units of a product; what is sold is `received - on_hand`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub received: i64,
    pub on_hand: i64,
    pub reserved: i64,
}

impl Stock {
    #[must_use]
    pub fn available(self) -> i64 {
        self.on_hand - self.reserved
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Add(Added),
    Update(Update),
    Delete,
    /// An order was placed at this time; hold its units if that is still wanted.
    Reserve {
        order: Placed,
        now: Timestamp,
    },
    Release(Terms),
    Commit(Terms),
}

/// A manager's change; only what is given changes.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The revision the manager saw.
    pub revision: Option<u64>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub supplier: Option<String>,
    pub category: Option<Uuid>,
    pub price: Option<Money>,
    /// A picture, or none.
    #[expect(
        clippy::option_option,
        reason = "to leave it as it is and to take it away are two things"
    )]
    pub picture: Option<Option<Picture>>,
    pub units: Option<UnitsChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitsChange {
    /// There are so many on hand.
    To(i64),
    /// So many came (or, if negative, were written off).
    By(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// A product with this id or code is there.
    Exists,
    Unknown,
    /// It was changed after the given revision was read; `revision` is the current one.
    Stale {
        revision: u64,
    },
    /// Fewer units than are reserved.
    BelowReserved {
        reserved: i64,
        asked: UnitsChange,
    },
    TooManyUnits {
        asked: UnitsChange,
    },
}

impl Decider for Product {
    type State = State;
    type Command = Command;
    type Event = ProductEvent;
    type Rejection = Rejection;

    fn decide(state: &State, command: &Command) -> Result<Vec<ProductEvent>, Rejection> {
        match command {
            Command::Add(added) if state.listing.is_none() => {
                state.check_units(UnitsChange::To(added.units), added.units)?;
                Ok(vec![added.clone().into()])
            }
            Command::Add(_) => Err(Rejection::Exists),
            Command::Update(update) => state.update(update),
            Command::Delete => match state.listing {
                Some(_) => Ok(vec![Deleted { units_change: -state.stock.available() }.into()]),
                None => Err(Rejection::Unknown),
            },
            Command::Reserve { order, now } => Ok(state.reserve(order, *now)),
            Command::Release(terms) => Ok(state.release(terms.order)),
            Command::Commit(terms) => Ok(state.commit(terms.order)),
        }
    }

    fn evolve(state: &mut State, event: &ProductEvent) {
        match event {
            // Only a product that was deleted is added again: this one is forged.
            ProductEvent::Added(_) if state.listing.is_some() => {}
            ProductEvent::Added(added) => {
                state.listing = Some(Listing::of(added));
                state.revision += 1;
                state.stock.receive(added.units);
            }
            ProductEvent::Changed(changed) => {
                if let Some(listing) = &mut state.listing {
                    listing.change(changed);
                }
                state.revision += 1;
                state.stock.receive(changed.units_change);
            }
            ProductEvent::Deleted(Deleted { units_change }) => {
                state.listing = None;
                state.revision += 1;
                state.stock.receive(*units_change);
            }
            ProductEvent::StockReserved(StockReserved { order, quantity, .. }) => {
                state.reserved.insert(*order, *quantity);
                state.stock.reserved += i64::from(*quantity);
            }
            ProductEvent::StockDenied(_) => {}
            ProductEvent::StockReleased(StockReleased { order, quantity, .. }) => {
                state.reserved.remove(order);
                state.stock.reserved -= i64::from(*quantity);
            }
            ProductEvent::StockCommitted(StockCommitted { order, quantity, .. }) => {
                state.reserved.remove(order);
                state.stock.reserved -= i64::from(*quantity);
                state.stock.on_hand -= i64::from(*quantity);
            }
        }
    }
}

impl State {
    fn update(&self, update: &Update) -> Result<Vec<ProductEvent>, Rejection> {
        let listing = self.listing.as_ref().ok_or(Rejection::Unknown)?;
        self.must_be(update.revision)?;
        let units_change = match update.units {
            Some(UnitsChange::To(units)) => units - self.stock.on_hand,
            Some(UnitsChange::By(change)) => change,
            None => 0,
        };
        if let Some(asked) = update.units {
            self.check_units(asked, units_change)?;
        }
        let changed = Changed {
            name: differs(update.name.as_ref(), &listing.name),
            description: differs(update.description.as_ref(), &listing.description),
            supplier: differs(update.supplier.as_ref(), &listing.supplier),
            category: differs(update.category.as_ref(), &listing.category),
            price: differs(update.price.as_ref(), &listing.price),
            picture: differs(update.picture.as_ref(), &listing.picture),
            units_change,
        };
        if changed == Changed::default() { Ok(Vec::new()) } else { Ok(vec![changed.into()]) }
    }

    fn must_be(&self, revision: Option<u64>) -> Result<(), Rejection> {
        if revision.is_some_and(|seen| seen != self.revision) {
            return Err(Rejection::Stale { revision: self.revision });
        }
        Ok(())
    }

    /// Refuses a change that leaves too few or too many units; `asked` is how it was put.
    fn check_units(&self, asked: UnitsChange, change: i64) -> Result<(), Rejection> {
        let Stock { on_hand, reserved, .. } = self.stock;
        let on_hand = on_hand.saturating_add(change);
        if change == 0 {
            Ok(())
        } else if on_hand < reserved {
            Err(Rejection::BelowReserved { reserved, asked })
        } else if on_hand > UNITS_MAX {
            Err(Rejection::TooManyUnits { asked })
        } else {
            Ok(())
        }
    }

    // ANCHOR: reserve
    /// Answers an order: one answer for each order, however often the request repeats.
    fn reserve(&self, placed: &Placed, now: Timestamp) -> Vec<ProductEvent> {
        let Terms { order, quantity, price, .. } = placed.terms;
        if self.reserved.contains_key(&order) {
            return Vec::new();
        }
        let available = self.stock.available();
        let reason = match &self.listing {
            _ if now > placed.deadline => Some(Reason::Deadline),
            None => Some(Reason::UnknownProduct),
            Some(listing) if listing.price != price => Some(Reason::PriceChanged),
            Some(_) if available < i64::from(quantity) => Some(Reason::OutOfStock),
            Some(_) => None,
        };
        match reason {
            Some(reason) => vec![StockDenied { order, reason, available }.into()],
            None => vec![
                StockReserved {
                    order,
                    quantity,
                    price,
                    available: available - i64::from(quantity),
                }
                .into(),
            ],
        }
    }
    // ANCHOR_END: reserve

    fn release(&self, order: Uuid) -> Vec<ProductEvent> {
        let Some(quantity) = self.reserved.get(&order).copied() else { return Vec::new() };
        vec![
            StockReleased {
                order,
                quantity,
                available: self.stock.available() + i64::from(quantity),
            }
            .into(),
        ]
    }

    fn commit(&self, order: Uuid) -> Vec<ProductEvent> {
        let Some(quantity) = self.reserved.get(&order).copied() else { return Vec::new() };
        vec![
            StockCommitted { order, quantity, on_hand: self.stock.on_hand - i64::from(quantity) }
                .into(),
        ]
    }
}

impl Stock {
    fn receive(&mut self, units: i64) {
        self.received += units;
        self.on_hand += units;
    }
}

impl Listing {
    fn of(added: &Added) -> Self {
        Self {
            code: added.code.clone(),
            name: added.name.clone(),
            description: added.description.clone(),
            supplier: added.supplier.clone(),
            category: added.category,
            price: added.price,
            currency: added.currency.clone(),
            picture: None,
        }
    }

    fn change(&mut self, changed: &Changed) {
        let Changed { name, description, supplier, category, price, picture, units_change: _ } =
            changed;
        set(&mut self.name, name.as_ref());
        set(&mut self.description, description.as_ref());
        set(&mut self.supplier, supplier.as_ref());
        set(&mut self.category, category.as_ref());
        set(&mut self.price, price.as_ref());
        set(&mut self.picture, picture.as_ref());
    }
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

/// The wanted value, if it is another than the current.
fn differs<T: Clone + PartialEq>(wanted: Option<&T>, current: &T) -> Option<T> {
    wanted.filter(|wanted| *wanted != current).cloned()
}
