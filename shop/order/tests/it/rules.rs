//! The order's rules: given events, when a command comes, then events; whatever the commands, an order ends at most once.

use contracts::money::Money;
use contracts::order::{Channel, Denied, Finalized, OrderEvent, Placed, Reason, Terms};
use kernel::{Decider, Timestamp};
use order::domain::{Command, Order, Rejection, State};
use proptest::prelude::*;
use uuid::Uuid;

fn terms() -> Terms {
    Terms {
        order: Uuid::from_u128(1),
        customer: Uuid::from_u128(2),
        product: Uuid::from_u128(3),
        product_name: "Lamp".to_owned(),
        quantity: 2,
        price: Money::from_minor(5),
        currency: "EUR".to_owned(),
    }
}

fn placed() -> Placed {
    Placed { terms: terms(), deadline: Timestamp::from_micros(10), channel: Channel::Site }
}

fn denied(reasons: &[Reason]) -> Denied {
    Denied { terms: terms(), reasons: reasons.to_vec() }
}

fn given(events: &[OrderEvent]) -> State {
    let mut state = State::default();
    for event in events {
        Order::evolve(&mut state, event);
    }
    state
}

fn when(state: &State, command: &Command) -> Result<Vec<OrderEvent>, Rejection> {
    Order::decide(state, command)
}

#[test]
fn an_order_is_placed_once() {
    let first = when(&given(&[]), &Command::Place(placed()));
    assert_eq!(first, Ok(vec![placed().into()]));
    let second = when(&given(&[placed().into()]), &Command::Place(placed()));
    assert_eq!(second, Err(Rejection::Exists));
}

#[test]
fn a_forged_second_placing_changes_nothing() {
    let more = Placed { terms: Terms { quantity: 900, ..terms() }, ..placed() };
    let ends = [None, Some(Finalized { terms: terms() }.into()), Some(denied(&[]).into())];
    for end in ends {
        let story: Vec<OrderEvent> = [placed().into()].into_iter().chain(end).collect();
        let before = given(&story);
        let after = given(&[story, vec![more.clone().into()]].concat());
        assert_eq!(after, before);
    }
}

#[test]
fn an_order_is_approved_and_finalized_in_one_go() {
    let events = when(&given(&[placed().into()]), &Command::Finalize);
    let both = vec![OrderEvent::Approved(terms()), Finalized { terms: terms() }.into()];
    assert_eq!(events, Ok(both));
}

#[test]
fn an_order_that_ended_stays_as_it_ended() {
    let ends = [Finalized { terms: terms() }.into(), denied(&[Reason::Deadline]).into()];
    for end in ends {
        let state = given(&[placed().into(), end]);
        for command in [Command::Finalize, Command::Deny(vec![Reason::OutOfStock])] {
            assert_eq!(when(&state, &command), Ok(Vec::new()));
        }
    }
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let command = prop_oneof![
        Just(Command::Place(placed())),
        Just(Command::Finalize),
        Just(Command::Deny(vec![Reason::LowCredit])),
    ];
    proptest::collection::vec(command, 0..12)
}

proptest! {
    #[test]
    fn whatever_the_commands_an_order_is_placed_and_ends_once(commands in commands()) {
        let mut log: Vec<OrderEvent> = Vec::new();
        for command in &commands {
            log.extend(when(&given(&log), command).unwrap_or_default());
        }
        let count = |kind: &str| {
            log.iter().filter(|event| kernel::Event::kind(*event) == kind).count()
        };
        let ends = count("order.finalized") + count("order.denied");
        prop_assert!(count("order.placed") <= 1 && ends <= count("order.placed"));
        prop_assert_eq!(count("order.approved"), count("order.finalized"));
        prop_assert!(log.first().is_none_or(|first| matches!(first, OrderEvent::Placed(_))));
    }
}
