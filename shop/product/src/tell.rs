//! What happens to products and their stock, in one readable line each.

use contracts::{order, product::ProductEvent};
use kernel::Recorded;

/// The line of an event, if it is one of this service's and worth it.
pub(crate) fn tell(event: &Recorded) -> Option<String> {
    match ProductEvent::of(event)? {
        ProductEvent::Added(added) => Some(format!(
            "product {:?} added, {} units at {}",
            added.name, added.units, added.price
        )),
        ProductEvent::Changed(_) | ProductEvent::StockCommitted(_) => None,
        ProductEvent::Deleted(_) => Some("a product was deleted".to_owned()),
        ProductEvent::StockReserved(reserved) => Some(format!(
            "order {}: {} reserved, {} left",
            order::number(reserved.order),
            reserved.quantity,
            reserved.available
        )),
        ProductEvent::StockDenied(denied) => {
            Some(format!("order {}: no stock ({})", order::number(denied.order), denied.reason))
        }
        ProductEvent::StockReleased(released) => {
            Some(format!("order {}: stock released", order::number(released.order)))
        }
    }
}
