//! Whole numbers within bounds, as fields of requests.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A whole number from `MIN` to `MAX`.
///
/// As a field of a request it refuses anything else with 422 and documents its bounds. Like JSON Schema it takes `2.0` for
/// the whole number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

/// A count from 0 on that every client can write exactly: a version or a position.
pub type Count = Whole<0, 9_007_199_254_740_991>;

impl Count {
    /// The number without a sign.
    #[must_use]
    pub fn unsigned(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number, if it is within the bounds.
    #[must_use]
    pub fn new(number: i64) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> From<Whole<MIN, MAX>> for i64 {
    fn from(number: Whole<MIN, MAX>) -> Self {
        number.0
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(Within::<MIN, MAX>)
    }
}

struct Within<const MIN: i64, const MAX: i64>;

impl<const MIN: i64, const MAX: i64> Visitor<'_> for Within<MIN, MAX> {
    type Value = Whole<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let out_of_bounds =
            || E::custom(format_args!("must be a whole number from {MIN} to {MAX}"));
        Whole::new(number).ok_or_else(out_of_bounds)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        // What does not fit is out of every bound.
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        /// Up to here every whole number has a float of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() != 0.0 || number.abs() > EXACT {
            return Err(E::custom(format_args!("must be a whole number from {MIN} to {MAX}")));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
        self.visit_i64(number as i64)
    }
}

impl<const MIN: i64, const MAX: i64> PartialSchema for Whole<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN)).maximum(Some(MAX)).into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Whole<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Whole{MIN}To{MAX}").replace('-', "Minus"))
    }
}
