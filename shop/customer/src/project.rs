//! Events of customers → changes of the read model. Pure.

use contracts::customer::{
    CreditChanged, CreditDebited, CreditReleased, CreditReserved, CustomerEvent, PasswordChanged,
    Personal, ProfileChanged,
};
use contracts::money::Money;
use kernel::Recorded;
use runtime::{Unfit, model::subject};

use crate::model::{Change, Moved, RegisteredRow, What};

/// Amounts beyond this, ten thousand times what any request may name, are not added up: no sum of them may leave what numbers can hold.
const AMOUNT_MAX: i64 = Money::LIMIT.minor() * 10_000;

/// What an event changes, if anything.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    if event.stream.category() != contracts::customer::CATEGORY {
        return Ok(None);
    }
    let customer = subject(event)?;
    let happened = CustomerEvent::read(event)?;
    if amount(happened).minor().unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
        return Err(Unfit::broken("its amount exceeds the largest that can be recorded"));
    }
    let change = |what| Change { position: event.position, customer, what };
    Ok(of_customer(happened).map(change))
}

/// The amount that an event moves.
fn amount(event: &CustomerEvent) -> Money {
    match event {
        CustomerEvent::Registered(registered) => registered.credit,
        CustomerEvent::CreditChanged(CreditChanged { change }) => *change,
        CustomerEvent::CreditReserved(CreditReserved { amount, .. })
        | CustomerEvent::CreditReleased(CreditReleased { amount, .. })
        | CustomerEvent::CreditDebited(CreditDebited { amount, .. }) => *amount,
        CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditDenied(_) => Money::ZERO,
    }
}

fn of_customer(event: &CustomerEvent) -> Option<What> {
    Some(match event {
        CustomerEvent::Registered(registered) => {
            let Personal { user, full_name, email } = registered.personal.clone();
            What::Registered(RegisteredRow {
                user: user.unwrap_or_default(),
                full_name: full_name.unwrap_or_default(),
                email: email.unwrap_or_default(),
                role: registered.role,
                password: registered.password.clone(),
                credit: registered.credit,
            })
        }
        CustomerEvent::ProfileChanged(ProfileChanged { personal }) => {
            What::Profile { full_name: personal.full_name.clone(), email: personal.email.clone() }
        }
        CustomerEvent::PasswordChanged(PasswordChanged { password, .. }) => {
            What::Password(password.clone())
        }
        CustomerEvent::CreditChanged(CreditChanged { change }) => What::Granted(*change),
        CustomerEvent::CreditReserved(CreditReserved { amount, .. }) => {
            let less = Money::ZERO - *amount;
            What::Moved(Moved { reserved: *amount, available: less, ..Moved::default() })
        }
        CustomerEvent::CreditReleased(CreditReleased { amount, .. }) => {
            let less = Money::ZERO - *amount;
            What::Moved(Moved { reserved: less, available: *amount, ..Moved::default() })
        }
        CustomerEvent::CreditDebited(CreditDebited { amount, .. }) => {
            let less = Money::ZERO - *amount;
            What::Moved(Moved { credit: less, reserved: less, spent: *amount, ..Moved::default() })
        }
        CustomerEvent::LoggedOut(_) | CustomerEvent::CreditDenied(_) => return None,
    })
}
