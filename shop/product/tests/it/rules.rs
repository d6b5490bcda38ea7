//! The product's rules by themselves: given past events, when a command arrives, then this is recorded. Promise 6 in every case.

use std::collections::BTreeSet;

use contracts::money::Money;
use contracts::{
    order::{Channel, Placed, Reason, Terms},
    product::{
        Added, Changed, Deleted, ProductEvent, StockCommitted, StockDenied, StockReleased,
        StockReserved,
    },
};
use kernel::{Decider, Timestamp};
use product::domain::{Command, Product, Rejection, State, UNITS_MAX, UnitsChange, Update};
use proptest::{collection::vec, prelude::*};
use runtime::Aggregate;
use uuid::Uuid;

const DEADLINE: Timestamp = Timestamp::from_micros(1_000);

fn added(price: i64, units: i64) -> Added {
    Added {
        product: Uuid::from_u128(1),
        code: None,
        name: "Assam".to_owned(),
        description: String::new(),
        supplier: String::new(),
        category: Uuid::from_u128(2),
        price: Money::from_minor(price),
        currency: "EUR".to_owned(),
        units,
    }
}

fn terms(order: u128, quantity: u32, price: i64) -> Terms {
    Terms {
        order: Uuid::from_u128(order),
        customer: Uuid::from_u128(3),
        product: Uuid::from_u128(1),
        product_name: "Assam".to_owned(),
        quantity,
        price: Money::from_minor(price),
        currency: "EUR".to_owned(),
    }
}

fn reserve(order: u128, quantity: u32, price: i64) -> Command {
    let terms = terms(order, quantity, price);
    let order = Placed { terms, deadline: DEADLINE, channel: Channel::Site };
    Command::Reserve { order, now: DEADLINE }
}

fn release(order: u128) -> Command {
    Command::Release(terms(order, 1, 1))
}

fn commit(order: u128) -> Command {
    Command::Commit(terms(order, 1, 1))
}

fn update(units: UnitsChange) -> Command {
    Command::Update(Update { units: Some(units), ..Update::default() })
}

/// The state after commands that the rules allow.
fn given(commands: &[Command]) -> State {
    let mut state = State::default();
    for command in commands {
        for event in Product::decide(&state, command).expect("the rules allow it") {
            Product::evolve(&mut state, &event);
        }
    }
    state
}

/// Ten pieces at 2.50.
fn ten() -> Command {
    Command::Add(added(250, 10))
}

fn denied(order: u128, reason: Reason, available: i64) -> Vec<ProductEvent> {
    vec![StockDenied { order: Uuid::from_u128(order), reason, available }.into()]
}

#[test]
fn an_order_is_reserved_committed_and_released_once() {
    let state = given(&[ten(), reserve(7, 4, 250)]);
    let order = Uuid::from_u128(7);
    assert_eq!(Product::decide(&state, &reserve(7, 4, 250)), Ok(Vec::new()));
    let committed = StockCommitted { order, quantity: 4, on_hand: 6 };
    assert_eq!(Product::decide(&state, &commit(7)), Ok(vec![committed.into()]));
    let released = StockReleased { order, quantity: 4, available: 10 };
    assert_eq!(Product::decide(&state, &release(7)), Ok(vec![released.into()]));
    for ended in [commit(7), release(7)] {
        let state = given(&[ten(), reserve(7, 4, 250), ended]);
        for late in [commit(7), release(7), commit(8), release(8)] {
            assert_eq!(Product::decide(&state, &late), Ok(Vec::new()), "{late:?}");
        }
    }
}

#[test]
fn a_product_that_is_there_is_not_added_by_a_forged_event_but_a_deleted_one_is() {
    let mut state = given(&[ten(), reserve(7, 4, 250)]);
    let before = state.clone();
    Product::evolve(&mut state, &added(1, 900).into());
    assert_eq!(state, before);
    let state = given(&[ten(), Command::Delete, Command::Add(added(300, 5))]);
    assert_eq!(state.stock.available(), 5);
}

#[test]
fn an_order_is_denied_with_its_reason() {
    let state = given(&[ten(), reserve(1, 4, 250)]);
    let reserved = StockReserved {
        order: Uuid::from_u128(7),
        quantity: 6,
        price: Money::from_minor(250),
        available: 0,
    };
    assert_eq!(Product::decide(&state, &reserve(7, 6, 250)), Ok(vec![reserved.into()]));
    assert_eq!(Product::decide(&state, &reserve(7, 7, 250)), Ok(denied(7, Reason::OutOfStock, 6)));
    assert_eq!(
        Product::decide(&state, &reserve(7, 1, 249)),
        Ok(denied(7, Reason::PriceChanged, 6))
    );
    let late = Timestamp::from_micros(1_001);
    let order = Placed { terms: terms(7, 1, 250), deadline: DEADLINE, channel: Channel::Site };
    let command = Command::Reserve { order, now: late };
    assert_eq!(Product::decide(&state, &command), Ok(denied(7, Reason::Deadline, 6)));
    let gone = given(&[ten(), reserve(1, 4, 250), Command::Delete]);
    assert_eq!(
        Product::decide(&gone, &reserve(7, 1, 250)),
        Ok(denied(7, Reason::UnknownProduct, 0))
    );
}

#[test]
fn a_manager_cannot_take_what_is_reserved() {
    let state = given(&[ten(), reserve(1, 4, 250)]);
    for units in [UnitsChange::To(3), UnitsChange::By(-7)] {
        let rejected = Err(Rejection::BelowReserved { reserved: 4, asked: units });
        assert_eq!(Product::decide(&state, &update(units)), rejected);
    }
    for units in [UnitsChange::To(4), UnitsChange::By(-6)] {
        let changed = Changed { units_change: -6, ..Changed::default() };
        assert_eq!(Product::decide(&state, &update(units)), Ok(vec![changed.into()]));
    }
    for units in
        [UnitsChange::To(UNITS_MAX + 1), UnitsChange::By(UNITS_MAX), UnitsChange::By(i64::MAX)]
    {
        assert_eq!(
            Product::decide(&state, &update(units)),
            Err(Rejection::TooManyUnits { asked: units })
        );
    }
    let deleted = Deleted { units_change: -6 };
    assert_eq!(Product::decide(&state, &Command::Delete), Ok(vec![deleted.into()]));
}

#[test]
fn sales_are_no_new_version() {
    let state = given(&[ten(), reserve(1, 4, 250), commit(1)]);
    let seen = |revision| Update {
        revision: Some(revision),
        name: Some("Rize".to_owned()),
        ..Update::default()
    };
    assert!(Product::decide(&state, &Command::Update(seen(1))).is_ok());
    let stale = Err(Rejection::Stale { revision: 1 });
    assert_eq!(Product::decide(&state, &Command::Update(seen(2))), stale);
}

#[test]
fn what_is_deleted_is_unknown_until_it_comes_back() {
    assert_eq!(Product::decide(&given(&[ten()]), &ten()), Err(Rejection::Exists));
    let state = given(&[ten(), Command::Delete]);
    assert_eq!(Product::decide(&state, &Command::Delete), Err(Rejection::Unknown));
    assert_eq!(Product::decide(&state, &update(UnitsChange::To(1))), Err(Rejection::Unknown));
    assert_eq!(given(&[ten(), Command::Delete, ten()]).revision, 3);
}

/// Any possible command, about a few orders so that they collide.
fn command() -> impl Strategy<Value = Command> {
    let (order, price) = (0..6u128, 249..=250i64);
    prop_oneof![
        1 => (price.clone(), 0..30i64).prop_map(|(price, units)| Command::Add(added(price, units))),
        1 => Just(Command::Delete),
        1 => (0..40i64).prop_map(|units| update(UnitsChange::To(units))),
        2 => (-20..20i64).prop_map(|units| update(UnitsChange::By(units))),
        1 => price.clone().prop_map(|price| {
            Command::Update(Update { price: Some(Money::from_minor(price)), ..Update::default() })
        }),
        6 => (order.clone(), 1..15u32, price).prop_map(|(order, units, price)| reserve(order, units, price)),
        3 => order.clone().prop_map(release),
        3 => order.prop_map(commit),
    ]
}

proptest! {
    /// Promise 6, at every version: received = on hand + sold, on hand = available + reserved, and nothing below zero.
    #[test]
    fn stock_balances_whatever_is_asked(commands in vec(command(), 1..200)) {
        let (mut state, mut sold) = (State::default(), 0);
        for command in &commands {
            for event in Product::decide(&state, command).unwrap_or_default() {
                Product::evolve(&mut state, &event);
                if let ProductEvent::StockCommitted(committed) = &event {
                    sold += i64::from(committed.quantity);
                }
                let stock = state.stock;
                prop_assert_eq!(stock.received, stock.on_hand + sold);
                prop_assert_eq!(stock.on_hand, stock.available() + stock.reserved);
                prop_assert!(stock.available() >= 0 && stock.reserved >= 0, "{:?}", stock);
                let held: i64 = state.reserved.values().map(|units| i64::from(*units)).sum();
                prop_assert_eq!(stock.reserved, held);
            }
        }
    }

    /// Promise 7: once every order has ended, nothing is reserved.
    #[test]
    fn whatever_was_reserved_is_let_go_in_the_end(commands in vec(command(), 1..100), commits: bool) {
        let mut state = State::default();
        let ends = (0..6).map(if commits { commit } else { release });
        let mut answered = BTreeSet::new();
        for command in commands.into_iter().chain(ends) {
            for event in Product::decide(&state, &command).unwrap_or_default() {
                Product::evolve(&mut state, &event);
                answered.insert(kernel::Event::kind(&event));
            }
        }
        prop_assert_eq!(state.stock.reserved, 0, "{:?}", answered);
        prop_assert!(state.reserved.is_empty());
    }

    /// A snapshot is the state: restored, it is what all events together make.
    #[test]
    fn a_restored_snapshot_equals_the_fold(commands in vec(command(), 0..60)) {
        let mut state = State::default();
        for command in &commands {
            for event in Product::decide(&state, command).unwrap_or_default() {
                Product::evolve(&mut state, &event);
            }
            let stored = Product::snapshot(&state).expect("products have snapshots").to_string();
            let stored = serde_json::from_str(&stored).expect("JSON");
            prop_assert_eq!(Product::restore(stored), Some(state.clone()));
        }
    }
}
