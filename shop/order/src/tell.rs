//! What happens to orders, in one readable line each.

use contracts::order::{self, OrderEvent};
use kernel::Recorded;

/// The line of an event, if it is one of this service's and worth it.
pub(crate) fn tell(event: &Recorded) -> Option<String> {
    match OrderEvent::of(event)? {
        OrderEvent::Placed(placed) => {
            let terms = &placed.terms;
            let (quantity, name, total) = (terms.quantity, &terms.product_name, terms.total());
            Some(format!(
                "order {} placed: {quantity} × {name}, {total} {}",
                order::number(terms.order),
                terms.currency
            ))
        }
        OrderEvent::Approved(_) => None,
        OrderEvent::Finalized(finalized) => {
            Some(format!("order {} approved and finalized", order::number(finalized.terms.order)))
        }
        OrderEvent::Denied(denied) => {
            let reasons: Vec<&str> = denied.reasons.iter().map(|reason| reason.as_str()).collect();
            Some(format!(
                "order {} denied: {}",
                order::number(denied.terms.order),
                reasons.join(", ")
            ))
        }
    }
}
