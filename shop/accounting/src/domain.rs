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

#[cfg(test)]
mod tests {
    use contracts::money::Money;
    use proptest::prelude::*;
    use runtime::Aggregate;
    use uuid::Uuid;

    use super::*;

    fn terms(order: u128, quantity: u32, price: i64) -> Terms {
        Terms {
            order: Uuid::from_u128(order),
            customer: Uuid::from_u128(1),
            product: Uuid::from_u128(2),
            product_name: "Assam".to_owned(),
            quantity,
            price: Money::from_minor(price),
            currency: "EUR".to_owned(),
        }
    }

    /// The one invoice for an order.
    fn issue(state: State, terms: Terms) -> AccountingEvent {
        let mut events = match Invoices::decide(&state, &Command::Issue(terms)) {
            Ok(events) => events,
            Err(never) => match never {},
        };
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    #[test]
    fn an_invoice_says_what_was_ordered_and_what_it_costs() {
        let AccountingEvent::InvoiceIssued(invoice) = issue(State { issued: 41 }, terms(7, 3, 250));
        let expected = InvoiceIssued {
            number: 42,
            order: Uuid::from_u128(7),
            customer: Uuid::from_u128(1),
            product: Uuid::from_u128(2),
            product_name: "Assam".to_owned(),
            quantity: 3,
            unit_price: Money::from_minor(250),
            total: Money::from_minor(750),
            currency: "EUR".to_owned(),
        };
        assert_eq!(invoice, expected);
    }

    proptest! {
        #[test]
        fn numbers_run_from_one_without_gaps(
            orders in proptest::collection::vec((any::<u128>(), 1..=1000u32, 0..=100_000i64), 1..100),
            restart_at in 0..100usize,
        ) {
            let mut state = State::default();
            for (index, (order, quantity, price)) in orders.into_iter().enumerate() {
                if index == restart_at {
                    let snapshot = Invoices::snapshot(&state).expect("invoices have snapshots");
                    state = Invoices::restore(snapshot).expect("it is one of ours");
                }
                let event = issue(state, terms(order, quantity, price));
                let AccountingEvent::InvoiceIssued(invoice) = &event;
                prop_assert_eq!(invoice.number, index as u64 + 1);
                prop_assert_eq!(invoice.total.minor(), price * i64::from(quantity));
                Invoices::evolve(&mut state, &event);
            }
        }
    }
}
