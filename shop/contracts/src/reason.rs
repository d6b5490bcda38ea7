//! Why an order was denied: recorded by the service that denies, and in the order's own last event.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an order was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    OutOfStock,
    LowCredit,
    PriceChanged,
    UnknownProduct,
    UnknownCustomer,
    Deadline,
}

impl Reason {
    pub const ALL: [Self; 6] = [
        Self::OutOfStock,
        Self::LowCredit,
        Self::PriceChanged,
        Self::UnknownProduct,
        Self::UnknownCustomer,
        Self::Deadline,
    ];

    /// The word used in events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfStock => "out-of-stock",
            Self::LowCredit => "low-credit",
            Self::PriceChanged => "price-changed",
            Self::UnknownProduct => "unknown-product",
            Self::UnknownCustomer => "unknown-customer",
            Self::Deadline => "deadline",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
