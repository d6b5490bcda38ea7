//! Schemas that nobody can derive: of problems, and of amounts, which `kernel` knows without knowing OpenAPI.

use std::borrow::Cow;

use kernel::Money;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use super::{FieldError, Problem};

/// An amount in a request, `#[schema(value_type = AmountIn)]`: a number with at most two decimals, or the same as a string. Stands for [`kernel::Decimal`].
#[derive(Clone, Copy, Debug)]
pub struct AmountIn;

/// A difference in a request: like [`AmountIn`], but may be negative. Stands for `kernel::Decimal<true>`.
#[derive(Clone, Copy, Debug)]
pub struct ChangeIn;

/// An amount in an answer: a number with two decimals.
#[derive(Clone, Copy, Debug)]
pub struct AmountOut;

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

impl PartialSchema for AmountOut {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Number).description(Some("With two decimals")).into()
    }
}

impl ToSchema for AmountOut {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AmountShown")
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let uri = SchemaFormat::Custom("uri-reference".to_owned());
        let kind = "A stable reference that names the kind of problem";
        let status = ObjectBuilder::new().schema_type(Type::Integer);
        let status = status.minimum(Some(400)).maximum(Some(599));
        let request_id =
            text().description(Some("The id under which the request stands in the log"));
        ObjectBuilder::new()
            .property("type", text().format(Some(uri)).description(Some(kind)))
            .property("title", text())
            .property("status", status)
            .property("detail", text())
            .property("errors", ArrayBuilder::new().items(FieldError::schema()))
            .property("RequestId", request_id)
            .required("type")
            .required("title")
            .required("status")
            .required("RequestId")
            .into()
    }
}

impl ToSchema for Problem {}

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
