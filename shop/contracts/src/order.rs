//! What happens to an order: streams `order-ID`.

pub mod lifecycle;
pub mod number;

use std::fmt;

use kernel::{DecodeError, Fields, Recorded, StreamId, Timestamp, events};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::money::Money;

pub use crate::reason::Reason;
pub use number::number;

/// The category of the streams.
pub const CATEGORY: &str = "order";

/// The reactor, by its actor's name, that denies an order when its time is up. It reacts to no event: nothing is its cause.
pub const DEADLINE_REACTOR: &str = "order-deadline";

/// The stream of an order.
#[must_use]
pub fn stream(order: Uuid) -> StreamId {
    StreamId::new(CATEGORY, order).expect("a UUID is a stream's id")
}

// ANCHOR: family
events! {
    /// The events of an order.
    OrderEvent {
        Placed(Placed) = PLACED "order.placed" @ 2 first { from 1 => from_unknown_channel, to 1 => without_channel },
        Approved(Terms) = APPROVED "order.approved" @ 1,
        Finalized(Finalized) = FINALIZED "order.finalized" @ 1,
        Denied(Denied) = DENIED "order.denied" @ 1,
    }
}
// ANCHOR_END: family

// ANCHOR: upcaster
/// Schema 1 did not say where an order was placed.
fn from_unknown_channel(placed: &mut Fields) {
    placed.insert("channel".to_owned(), Channel::Unknown.as_str().into());
}
// ANCHOR_END: upcaster

// ANCHOR: step-back
/// For programs of schema 1, as long as one of them runs.
fn without_channel(placed: &mut Fields) {
    placed.remove("channel");
}
// ANCHOR_END: step-back

/// The event of an order in a record, if the record is of an order.
pub fn of(recorded: &Recorded) -> Result<Option<&OrderEvent>, DecodeError> {
    if recorded.stream.category() == CATEGORY {
        OrderEvent::read(recorded).map(Some)
    } else {
        Ok(None)
    }
}

/// The terms of the order that a record finalizes, if it does. No other event is parsed.
pub fn finalized(recorded: &Recorded) -> Result<Option<&Terms>, DecodeError> {
    if recorded.kind.as_str() != OrderEvent::FINALIZED {
        return Ok(None);
    }
    Ok(match of(recorded)? {
        Some(OrderEvent::Finalized(Finalized { terms })) => Some(terms),
        _ => None,
    })
}

/// What was ordered by whom at which price: carried by every event that others act on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub order: Uuid,
    pub customer: Uuid,
    pub product: Uuid,
    /// The product's name when the order was placed.
    pub product_name: String,
    pub quantity: u32,
    /// The price of one piece that the customer saw, minor units.
    pub price: Money,
    pub currency: String,
}

impl Terms {
    /// What the order costs.
    #[must_use]
    pub fn total(&self) -> Money {
        self.price.times(self.quantity)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    #[serde(flatten)]
    pub terms: Terms,
    /// When it is denied if it is not finalized.
    pub deadline: Timestamp,
    pub channel: Channel,
}

/// Where an order was placed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// It was placed before channels were recorded.
    #[default]
    Unknown,
    /// The storefront.
    Site,
    /// The Android app.
    App,
    /// Any other client of the REST API.
    Api,
}

impl Channel {
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Site, Self::App, Self::Api];

    /// The word used in events, requests and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Site => "site",
            Self::App => "app",
            Self::Api => "api",
        }
    }

    /// The channel that a client names in a request. One that names none, or one that this version does not know, is a client of the
    /// API like any other: no order is refused for it.
    #[must_use]
    pub fn of_request(named: Option<&str>) -> Self {
        match named {
            Some("site") => Self::Site,
            Some("app") => Self::App,
            Some(_) | None => Self::Api,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The order is final: stock and credit are to be committed, the invoice to be issued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Finalized {
    pub terms: Terms,
}

/// The order is canceled: what was reserved is to be released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Denied {
    #[serde(flatten)]
    pub terms: Terms,
    pub reasons: Vec<Reason>,
}
