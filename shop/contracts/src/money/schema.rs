//! How amounts look in OpenAPI: schemas that cannot be derived, because a number and a text are both read.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AnyOfBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::Money;

/// An amount in a request, `#[schema(value_type = AmountIn)]`: a number with at most two decimals, or the same as a string. Stands for [`super::Decimal`].
#[derive(Clone, Copy, Debug)]
pub struct AmountIn;

/// A difference in a request: like [`AmountIn`], but may be negative. Stands for `Decimal<true>`.
#[derive(Clone, Copy, Debug)]
pub struct ChangeIn;

impl PartialSchema for AmountIn {
    fn schema() -> RefOr<Schema> {
        decimal(0.0, r"^[0-9]{1,9}(\.[0-9]{1,2})?$")
    }
}

impl ToSchema for AmountIn {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}

impl PartialSchema for ChangeIn {
    fn schema() -> RefOr<Schema> {
        decimal(-limit(), r"^-?[0-9]{1,9}(\.[0-9]{1,2})?$")
    }
}

impl ToSchema for ChangeIn {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AmountChange")
    }
}

fn decimal(minimum: f64, pattern: &str) -> RefOr<Schema> {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(minimum))
        .maximum(Some(limit()))
        .multiple_of(Some(0.01));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    Schema::AnyOf(AnyOfBuilder::new().item(number).item(text).build()).into()
}

fn limit() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^52")]
    let limit = Money::LIMIT.minor() as f64 / 100.0;
    limit
}
