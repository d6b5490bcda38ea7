//! All families of events: the one list that views, filters and the tests of released events read.

use kernel::{DecodeError, Event};
use serde_json::value::RawValue;

use crate::{
    accounting::{self, AccountingEvent},
    catalogue::{self, CatalogueEvent},
    customer::{self, CustomerEvent},
    loyalty::{self, LoyaltyEvent},
    order::{self, OrderEvent},
    picture::{self, PictureEvent},
    product::{self, ProductEvent},
};

/// A family of events, without saying which.
pub struct Family {
    /// The category of its streams.
    pub category: &'static str,
    /// Every type with its current schema number.
    pub types: &'static [(&'static str, u32)],
    /// Reads data of a type and schema, and writes it as it would be recorded today.
    pub renew: fn(&str, u32, &RawValue) -> Result<Renewed, DecodeError>,
}

/// An event as it would be recorded today.
#[derive(Debug)]
pub struct Renewed {
    pub kind: &'static str,
    pub schema: u32,
    pub data: Box<RawValue>,
}

/// All families, in the order in which people are shown them. Loyalty's is always among them, although the service is optional: a log
/// keeps its events when the service no longer runs, and they can still be read.
pub const FAMILIES: &[Family] = &[
    Family::of::<OrderEvent>(order::CATEGORY, OrderEvent::TYPES),
    Family::of::<ProductEvent>(product::CATEGORY, ProductEvent::TYPES),
    Family::of::<CustomerEvent>(customer::CATEGORY, CustomerEvent::TYPES),
    Family::of::<AccountingEvent>(accounting::CATEGORY, AccountingEvent::TYPES),
    Family::of::<PictureEvent>(picture::CATEGORY, PictureEvent::TYPES),
    Family::of::<CatalogueEvent>(catalogue::CATEGORY, CatalogueEvent::TYPES),
    Family::of::<LoyaltyEvent>(loyalty::CATEGORY, LoyaltyEvent::TYPES),
];

/// Every type of every family, with its current schema number.
pub fn types() -> impl Iterator<Item = (&'static str, u32)> {
    FAMILIES.iter().flat_map(|family| family.types.iter().copied())
}

impl Family {
    const fn of<E: Event>(category: &'static str, types: &'static [(&'static str, u32)]) -> Self {
        Self { category, types, renew: renew::<E> }
    }
}

fn renew<E: Event>(kind: &str, schema: u32, data: &RawValue) -> Result<Renewed, DecodeError> {
    let event = E::decode(kind, schema, data)?;
    Ok(Renewed { kind: event.kind(), schema: event.schema(), data: event.encode() })
}
