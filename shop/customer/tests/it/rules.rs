//! The customer's rules: given events, when a command comes, then events; the balances hold whatever the commands.

use contracts::money::Money;
use contracts::{
    customer::{
        CreditChanged, CreditDebited, CreditDenied, CreditReleased, CreditReserved, CustomerEvent,
        Personal, Registered, Role,
    },
    order::{Channel, Placed, Reason, Terms},
};
use customer::domain::{
    Command, CreditChange, Customer, PasswordChange, Rejection, SetCredit, State, Update,
};
use kernel::{Decider, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

const fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn registered() -> Registered {
    Registered {
        customer: Uuid::from_u128(1),
        personal: Personal {
            user: Some("ada".to_owned()),
            full_name: Some("Ada".to_owned()),
            email: Some("ada@example.com".to_owned()),
        },
        password: "sealed".to_owned(),
        role: Role::Customer,
        credit: money(100),
    }
}

fn terms(order: u128, price: i64) -> Terms {
    Terms {
        order: Uuid::from_u128(order),
        customer: Uuid::from_u128(1),
        product: Uuid::from_u128(3),
        product_name: "Lamp".to_owned(),
        quantity: 1,
        price: money(price),
        currency: "EUR".to_owned(),
    }
}

fn reserve(order: u128, price: i64) -> Command {
    let deadline = Timestamp::from_micros(10);
    let order = Placed { terms: terms(order, price), deadline, channel: Channel::Site };
    Command::Reserve { order, now: Timestamp::from_micros(1) }
}

fn given(events: &[CustomerEvent]) -> State {
    let mut state = State::default();
    for event in events {
        Customer::evolve(&mut state, event);
    }
    state
}

fn when(events: &[CustomerEvent], command: &Command) -> Result<Vec<CustomerEvent>, Rejection> {
    Customer::decide(&given(events), command)
}

#[test]
fn a_name_is_registered_once() {
    let register = Command::Register(registered());
    assert_eq!(when(&[], &register), Ok(vec![registered().into()]));
    assert_eq!(when(&[registered().into()], &register), Err(Rejection::NameTaken));
}

#[test]
fn a_forged_second_registration_changes_nothing() {
    let story = [registered().into(), CreditChanged { change: money(50) }.into()];
    let thief = Registered { password: "mine".to_owned(), credit: money(900), ..registered() };
    let after = given(&[story.to_vec(), vec![thief.into()]].concat());
    assert_eq!(after, given(&story));
}

#[test]
fn credit_is_held_for_an_order_until_it_ends() {
    let order = Uuid::from_u128(7);
    let reserved = CreditReserved { order, amount: money(60), available: money(40) };
    let before = [registered().into()];
    assert_eq!(when(&before, &reserve(7, 60)), Ok(vec![reserved.clone().into()]));
    let held = [registered().into(), reserved.into()];
    assert_eq!(when(&held, &reserve(7, 60)), Ok(vec![]), "one order is answered once");
    let denied =
        CreditDenied { order: Uuid::from_u128(8), reason: Reason::LowCredit, available: money(40) };
    assert_eq!(when(&held, &reserve(8, 41)), Ok(vec![denied.into()]));
    let released = CreditReleased { order, amount: money(60), available: money(100) };
    assert_eq!(when(&held, &Command::Release(terms(7, 60))), Ok(vec![released.clone().into()]));
    let debited = CreditDebited { order, amount: money(60), credit: money(40) };
    assert_eq!(when(&held, &Command::Commit(terms(7, 60))), Ok(vec![debited.into()]));
    let free = [held[0].clone(), held[1].clone(), released.into()];
    for late in [Command::Release(terms(7, 60)), Command::Commit(terms(7, 60))] {
        assert_eq!(
            when(&free, &late),
            Ok(vec![]),
            "what is not held is neither released nor spent"
        );
    }
}

#[test]
fn credit_is_not_taken_from_under_an_order() {
    let order = Uuid::from_u128(7);
    let held = [
        registered().into(),
        CreditReserved { order, amount: money(60), available: money(40) }.into(),
    ];
    let set = |credit, revision| when(&held, &Command::SetCredit(SetCredit { credit, revision }));
    let changed = |change| Ok(vec![CreditChanged { change: money(change) }.into()]);
    assert_eq!(set(CreditChange::To(money(60)), None), changed(-40));
    assert_eq!(set(CreditChange::By(money(-40)), Some(1)), changed(-40));
    let below = Err(Rejection::BelowReserved { reserved: money(60) });
    assert_eq!(set(CreditChange::To(money(59)), None), below);
    assert_eq!(set(CreditChange::By(money(-41)), None), below);
    assert_eq!(set(CreditChange::To(money(100)), None), Ok(vec![]));
    assert_eq!(set(CreditChange::To(money(9)), Some(2)), Err(Rejection::Stale { revision: 1 }));
    assert_eq!(set(CreditChange::By(Money::LIMIT), None), Err(Rejection::TooMuchCredit));
}

#[test]
fn a_password_changed_meanwhile_is_not_changed_again() {
    let update = |checked: &str| {
        let password = PasswordChange {
            password: "new".to_owned(),
            checked_against: Some(checked.to_owned()),
            now: Timestamp::from_micros(1),
        };
        Command::Update(Update { password: Some(password), ..Update::default() })
    };
    let before = [registered().into()];
    assert!(when(&before, &update("sealed")).is_ok_and(|events| events.len() == 1));
    let refused = when(&before, &update("an older one"));
    assert_eq!(refused, Err(Rejection::PasswordChangedMeanwhile));
}

fn command() -> impl Strategy<Value = Command> {
    let order = 0..6_u128;
    prop_oneof![
        1 => Just(Command::Register(registered())),
        6 => (order.clone(), 0..80_i64).prop_map(|(order, price)| reserve(order, price)),
        3 => order.clone().prop_map(|order| Command::Release(terms(order, 1))),
        3 => order.prop_map(|order| Command::Commit(terms(order, 1))),
        2 => (0..200_i64).prop_map(|to| Command::SetCredit(SetCredit {
            credit: CreditChange::To(money(to)),
            revision: None,
        })),
        2 => (-100..100_i64).prop_map(|change| Command::SetCredit(SetCredit {
            credit: CreditChange::By(money(change)),
            revision: None,
        })),
    ]
}

proptest! {
    #[test]
    fn promise_6_the_balances_hold_at_every_version(commands in proptest::collection::vec(command(), 0..60)) {
        let mut state = State::default();
        let mut spent = Money::ZERO;
        for command in &commands {
            for event in Customer::decide(&state, command).unwrap_or_default() {
                Customer::evolve(&mut state, &event);
                if let CustomerEvent::CreditDebited(CreditDebited { amount, .. }) = &event {
                    spent += *amount;
                }
                let credit = state.credit;
                prop_assert_eq!(credit.granted, credit.credit + spent);
                prop_assert_eq!(credit.reserved, state.reserved.values().copied().sum::<Money>());
                prop_assert!(!credit.available().is_negative() && !credit.reserved.is_negative());
                let said = match &event {
                    CustomerEvent::CreditReserved(CreditReserved { available, .. })
                    | CustomerEvent::CreditReleased(CreditReleased { available, .. })
                    | CustomerEvent::CreditDenied(CreditDenied { available, .. }) => Some(*available),
                    _ => None,
                };
                prop_assert!(said.is_none_or(|said| said == credit.available()), "{:?}", event);
            }
        }
    }
}
