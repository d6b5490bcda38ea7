//! An order's rules: placed once, ended once.

use contracts::order::{Denied, Finalized, OrderEvent, Placed, Reason, Terms};
use kernel::Decider;

/// Marks the order's rules.
#[derive(Clone, Copy, Debug)]
pub struct Order;

/// The status of an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// Never placed.
    #[default]
    Unplaced,
    Pending(Terms),
    Finalized,
    Denied,
}

#[derive(Clone, Debug)]
pub enum Command {
    Place(Placed),
    /// Stock and credit are reserved.
    Finalize,
    Deny(Vec<Reason>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// An order with this id is there.
    Exists,
}

impl Decider for Order {
    type State = State;
    type Command = Command;
    type Event = OrderEvent;
    type Rejection = Rejection;

    // ANCHOR: decide
    fn decide(state: &State, command: &Command) -> Result<Vec<OrderEvent>, Rejection> {
        match (state, command) {
            (State::Unplaced, Command::Place(placed)) => Ok(vec![placed.clone().into()]),
            (State::Pending(_) | State::Finalized | State::Denied, Command::Place(_)) => {
                Err(Rejection::Exists)
            }
            (State::Pending(terms), Command::Finalize) => Ok(vec![
                OrderEvent::Approved(terms.clone()),
                Finalized { terms: terms.clone() }.into(),
            ]),
            (State::Pending(terms), Command::Deny(reasons)) => {
                Ok(vec![Denied { terms: terms.clone(), reasons: reasons.clone() }.into()])
            }
            // The order has already ended: the deadline came before the answers, or an answer was delivered twice.
            (State::Finalized | State::Denied, Command::Finalize | Command::Deny(_)) => {
                Ok(Vec::new())
            }
            // An order that was not placed gets no answers; there is nothing to end.
            (State::Unplaced, Command::Finalize | Command::Deny(_)) => Ok(Vec::new()),
        }
    }
    // ANCHOR_END: decide

    // ANCHOR: evolve
    fn evolve(state: &mut State, event: &OrderEvent) {
        match event {
            OrderEvent::Placed(placed) if *state == State::Unplaced => {
                *state = State::Pending(placed.terms.clone());
            }
            // An order is placed once: what is placed again is forged.
            OrderEvent::Placed(_) | OrderEvent::Approved(_) => {}
            OrderEvent::Finalized(_) => *state = State::Finalized,
            OrderEvent::Denied(_) => *state = State::Denied,
        }
    }
    // ANCHOR_END: evolve
}
