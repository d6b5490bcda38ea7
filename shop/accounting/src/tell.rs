//! What happens to invoices, in one readable line each.

use contracts::{accounting::AccountingEvent, order};
use kernel::Recorded;

/// The line of an event, if it is one of this service's and worth it.
pub(crate) fn tell(event: &Recorded) -> Option<String> {
    let AccountingEvent::InvoiceIssued(invoice) = AccountingEvent::of(event)?;
    let (number, total, currency) = (invoice.number, invoice.total, &invoice.currency);
    Some(format!(
        "order {} has invoice {number} over {total} {currency}",
        order::number(invoice.order)
    ))
}
