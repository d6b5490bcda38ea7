//! The OpenAPI schema of a problem, which cannot be derived: its serialisation is written by hand.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use super::{FieldError, Problem};

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let uri = SchemaFormat::Custom("uri-reference".to_owned());
        let kind = "A stable reference that names the kind of problem";
        let status = ObjectBuilder::new().schema_type(Type::Integer);
        let status = status.minimum(Some(400)).maximum(Some(599));
        let request_id = text().description(Some("The id of the request in the log"));
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
