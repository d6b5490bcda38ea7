//! An order's life against `tests/lifecycle.csv`, the table of every stage that an order can be in and many that it cannot. The app's
//! tests read the same table.

use std::{collections::BTreeSet, fs};

use contracts::{
    customer::{CreditReserved, CustomerEvent},
    money::Money,
    order::{
        Reason,
        lifecycle::{CreditStatus, Effect, OrderState, Stage, Status, StockStatus},
    },
};
use kernel::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lifecycle.csv");

fn word<T: DeserializeOwned>(word: &str) -> T {
    serde_json::from_value(word.into()).expect("a word of the REST API")
}

fn yes(word: &str) -> bool {
    assert!(["yes", "no"].contains(&word), "{word}");
    word == "yes"
}

#[test]
fn an_order_has_ended_once_nothing_more_can_come_for_it() {
    let table = fs::read_to_string(TABLE).expect("the table");
    let mut stages = BTreeSet::new();
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let [status, stock, credit, invoiced, ended, awaited] = fields[..] else {
            panic!("six columns: {row}")
        };
        let stage = Stage {
            status: word(status),
            stock: word(stock),
            credit: word(credit),
            invoiced: yes(invoiced),
        };
        assert_eq!(stage.has_ended(), yes(ended), "{row}");
        assert_eq!(stage.awaited().join(" "), awaited, "{row}");
        let way = stage.milestones();
        assert_eq!(way.iter().all(|one| one.is_done), yes(ended), "{row}: {way:?}");
        stages.insert(format!("{stage:?}"));
    }
    assert_eq!(stages.len(), 4 * 5 * 5 * 2, "every stage stands in the table once");
}

#[test]
fn a_denial_at_the_deadline_ends_an_order_only_with_the_late_answers() {
    let at = Timestamp::from_micros(1);
    let mut state = OrderState::placed(at);
    let mut after = |effect| {
        state.take(&effect, at);
        let OrderState { status, stock, credit, invoice, .. } = state;
        Stage { status, stock, credit, invoiced: invoice.is_some() }.has_ended()
    };
    assert!(!after(Effect::Denied(vec![Reason::Deadline])), "neither has answered");
    assert!(!after(Effect::Stock(StockStatus::Denied)), "the customer service has not");
    assert!(!after(Effect::Nothing));
    assert!(!after(Effect::Credit(CreditStatus::Reserved)), "it is held, and will be released");
    assert!(after(Effect::Credit(CreditStatus::Released)));
}

#[test]
fn a_step_has_its_effect_only_from_the_service_whose_type_it_is() {
    let reserved = CreditReserved {
        order: Uuid::from_u128(1),
        amount: Money::from_minor(1),
        available: Money::ZERO,
    };
    let typed = Effect::of_customer(&reserved.into());
    assert_eq!(typed, Some((Uuid::from_u128(1), Effect::Credit(CreditStatus::Reserved))));
    let of = |service| Effect::of_step(service, CustomerEvent::CREDIT_RESERVED, "{}");
    assert_eq!(of("customer"), Effect::Credit(CreditStatus::Reserved));
    assert_eq!(of("loyalty"), Effect::Nothing);
    let details = r#"{"Reasons":["out-of-stock","deadline"]}"#;
    let denied = Effect::Denied(vec![Reason::OutOfStock, Reason::Deadline]);
    assert_eq!(Effect::of_step("order", "order.denied", details), denied);
    let issued = |details| Effect::of_step("accounting", "accounting.invoice-issued", details);
    assert_eq!(issued(r#"{"InvoiceNumber":7,"Total":1.5}"#), Effect::Invoiced(7));
    assert_eq!(issued("no details"), Effect::Nothing);
    assert_eq!(Effect::of_step("order", "order.gift-wrapped", "{}"), Effect::Nothing);
    assert_eq!(OrderState::placed(Timestamp::from_micros(1)).status, Status::Pending);
}
