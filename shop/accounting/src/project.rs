//! Events of accounting and of customers → changes of the read model. Pure.

use contracts::{
    accounting::{self, AccountingEvent},
    customer::{self, CustomerEvent, Personal},
};
use kernel::Recorded;
use runtime::{Unfit, model::subject};
use uuid::Uuid;

use crate::model::{Change, What};

/// What an event changes, if anything.
pub fn project(event: &Recorded) -> Result<Option<Change>, Unfit> {
    let what = match event.stream.category() {
        accounting::CATEGORY => Some(of_accounting(event, AccountingEvent::read(event)?)?),
        customer::CATEGORY => of_customer(subject(event)?, CustomerEvent::read(event)?),
        _ => None,
    };
    Ok(what.map(|what| Change { position: event.position, what }))
}

fn of_accounting(event: &Recorded, what: &AccountingEvent) -> Result<What, Unfit> {
    let AccountingEvent::InvoiceIssued(invoice) = what;
    if !invoice.is_numbered_by(event) {
        let reason = "its number does not match its place among the invoices";
        return Err(Unfit::broken(reason));
    }
    Ok(What::Issued { invoice: Box::new(invoice.clone()), at: event.time })
}

/// The name of a customer, if an event contains it.
fn of_customer(customer: Uuid, event: &CustomerEvent) -> Option<What> {
    let personal = match event {
        CustomerEvent::Registered(registered) => &registered.personal,
        CustomerEvent::ProfileChanged(changed) => &changed.personal,
        _ => return None,
    };
    if personal.user.is_none() && personal.full_name.is_none() {
        return None;
    }
    let Personal { user, full_name, .. } = personal.clone();
    Some(What::Named { customer, user, full_name })
}
