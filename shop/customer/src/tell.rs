//! What happens to customers and their credit, in one readable line each.

use contracts::{customer::CustomerEvent, order};
use kernel::Recorded;

/// The line of an event, if it is one of this service's and worth it.
pub(crate) fn tell(event: &Recorded) -> Option<String> {
    match CustomerEvent::of(event)? {
        CustomerEvent::CreditReserved(reserved) => Some(format!(
            "order {}: credit of {} reserved, {} left",
            order::number(reserved.order),
            reserved.amount,
            reserved.available
        )),
        CustomerEvent::CreditDenied(denied) => {
            Some(format!("order {}: no credit ({})", order::number(denied.order), denied.reason))
        }
        CustomerEvent::CreditReleased(released) => {
            Some(format!("order {}: credit released", order::number(released.order)))
        }
        CustomerEvent::Registered(_) => Some("a customer registered".to_owned()),
        CustomerEvent::CreditChanged(changed) => {
            Some(format!("a customer's credit changed by {}", changed.change))
        }
        CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditDebited(_) => None,
    }
}
