//! The invoices' rules: one for each finalized order, numbered without gaps.

use contracts::{
    accounting::{AccountingEvent, InvoiceIssued},
    order::Terms,
};
use kernel::Decider;

/// Marks the rules of all invoices together.
#[derive(Clone, Copy, Debug)]
pub struct Invoices;

/// How many invoices there are. That each order gets one is ensured by the cause mark: see `runtime::aggregates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub issued: u64,
}

#[derive(Clone, Debug)]
pub enum Command {
    /// The order with these terms is final.
    Issue(Terms),
}

/// Issuing is never refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {}

impl Decider for Invoices {
    type State = State;
    type Command = Command;
    type Event = AccountingEvent;
    type Rejection = Rejection;

    fn decide(state: &State, command: &Command) -> Result<Vec<AccountingEvent>, Rejection> {
        let Command::Issue(terms) = command;
        let Terms { order, customer, product, product_name, quantity, price, currency } =
            terms.clone();
        let invoice = InvoiceIssued {
            number: state.issued + 1,
            order,
            customer,
            product,
            product_name,
            quantity,
            unit_price: price,
            total: terms.total(),
            currency,
        };
        Ok(vec![invoice.into()])
    }

    fn evolve(state: &mut State, event: &AccountingEvent) {
        let AccountingEvent::InvoiceIssued(_) = event;
        state.issued += 1;
    }
}
