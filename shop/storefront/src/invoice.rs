//! The invoice of an order: a page that prints on one sheet.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::accounting::Invoice;
use site::{Amount, Count, Day, Failure, Frame, Page, UserVisit, see_other};

#[derive(Template)]
#[template(path = "invoice.html")]
pub(crate) struct InvoicePage {
    frame: Frame,
    invoice: Invoice,
}

pub(crate) async fn invoice(visit: UserVisit, Path(id): Path<String>) -> Result<Response, Failure> {
    let invoice = visit.get::<Invoice>("/accounting/get-invoice", &[("OrderId", &id)]).await;
    match invoice {
        Ok(invoice) => {
            let frame = visit.frame(format!("Invoice {}", invoice.invoice_number));
            Ok(Page(InvoicePage { frame, invoice }).into_response())
        }
        // There is none, or not yet: the order's page says which.
        Err(failure) if failure.is_not_found() || failure.refused(422).is_some() => {
            Ok(see_other(&format!("/orders/{}", site::segment(&id))))
        }
        Err(failure) => Err(failure),
    }
}

impl InvoicePage {
    fn order_number(&self) -> String {
        contracts::order::number(self.invoice.order_id)
    }

    fn unit_price(&self) -> Amount<'_> {
        Amount(self.invoice.unit_price.0, &self.invoice.currency)
    }

    fn total(&self) -> Amount<'_> {
        Amount(self.invoice.total.0, &self.invoice.currency)
    }
}
