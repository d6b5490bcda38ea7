//! Events of customers → changes of the read model. Pure.

use contracts::customer::{
    CreditChanged, CreditDebited, CreditReleased, CreditReserved, CustomerEvent, PasswordChanged,
    Personal, ProfileChanged,
};
use kernel::{Money, Recorded};
use uuid::Uuid;

use crate::model::{Change, Moved, Registered, What};

/// What an event changes, if anything.
#[must_use]
pub fn project(event: &Recorded) -> Option<Change> {
    if event.stream.category() != contracts::customer::CATEGORY {
        return None;
    }
    let customer = Uuid::parse_str(event.stream.id()).ok()?;
    let what = what(CustomerEvent::of(event)?)?;
    Some(Change { position: event.position, customer, what })
}

fn what(event: CustomerEvent) -> Option<What> {
    Some(match event {
        CustomerEvent::Registered(registered) => {
            let Personal { user, full_name, email } = registered.personal;
            What::Registered(Registered {
                user: user.unwrap_or_default(),
                full_name: full_name.unwrap_or_default(),
                email: email.unwrap_or_default(),
                role: registered.role,
                password: registered.password,
                credit: registered.credit,
            })
        }
        CustomerEvent::ProfileChanged(ProfileChanged { personal }) => {
            What::Profile { full_name: personal.full_name, email: personal.email }
        }
        CustomerEvent::PasswordChanged(PasswordChanged { password, .. }) => {
            What::Password(password)
        }
        CustomerEvent::CreditChanged(CreditChanged { change }) => What::Granted(change),
        CustomerEvent::CreditReserved(CreditReserved { amount, .. }) => {
            let less = Money::ZERO - amount;
            What::Moved(Moved { reserved: amount, available: less, ..Moved::default() })
        }
        CustomerEvent::CreditReleased(CreditReleased { amount, .. }) => {
            let less = Money::ZERO - amount;
            What::Moved(Moved { reserved: less, available: amount, ..Moved::default() })
        }
        CustomerEvent::CreditDebited(CreditDebited { amount, .. }) => {
            let less = Money::ZERO - amount;
            What::Moved(Moved { credit: less, reserved: less, spent: amount, ..Moved::default() })
        }
        CustomerEvent::LoggedOut(_) | CustomerEvent::CreditDenied(_) => return None,
    })
}
