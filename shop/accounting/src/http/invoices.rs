//! The calls about invoices.

use std::sync::Arc;

use axum::extract::State;
use contracts::rest::accounting::Invoice;
use identity::Caller;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use web::{After, Json, Limit, Listing, Problem, Query, Text};

use super::{Calls, view};
use crate::model::InvoiceQuery;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetInvoices {
    /// A user name; only managers may omit it, for the invoices of all customers.
    #[param(inline)]
    user_name: Option<Text<1, 64>>,
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<u64>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetInvoice {
    order_id: Uuid,
}

/// The invoices of a customer, or of all, newest first.
#[utoipa::path(
    get, path = "/get-invoices", tag = "accounting", params(GetInvoices), security(("token" = [])),
    responses((status = 200, body = Listing<Invoice>), (status = 404, description = "There is no such customer."))
)]
pub(super) async fn get_invoices(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetInvoices>,
) -> Result<Json<Listing<Invoice>>, Problem> {
    let customer = if let Some(user) = query.user_name.as_deref() {
        Some(caller.customer(user, calls.model.customer(user)).await?)
    } else {
        caller.must_be_manager()?;
        None
    };
    let after = query.after.map(|After(number)| number);
    let wanted = InvoiceQuery { customer, after, count: query.limit.and_one() };
    let found = calls.model.invoices(wanted).await?;
    let page = Listing::page(found, query.limit, |invoice| invoice.issued.number);
    Ok(Json(page.map(view::invoice)))
}

/// The invoice of an order.
#[utoipa::path(
    get, path = "/get-invoice", tag = "accounting", params(GetInvoice), security(("token" = [])),
    responses((status = 200, body = Invoice), (status = 404, description = "The order has no invoice."))
)]
pub(super) async fn get_invoice(
    State(calls): State<Arc<Calls>>,
    caller: Caller,
    Query(query): Query<GetInvoice>,
) -> Result<Json<Invoice>, Problem> {
    let found = calls.model.invoice(query.order_id).await?;
    let invoice = found.ok_or_else(|| Problem::not_found("The order has no invoice."))?;
    caller.must_be_customer(invoice.issued.customer)?;
    Ok(Json(view::invoice(invoice)))
}
