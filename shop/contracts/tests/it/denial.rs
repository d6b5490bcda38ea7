//! The sentence that says why an order was denied, and what would have let it through.

use std::time::Duration;

use contracts::{
    money::Money,
    product::{Added, Changed, Deleted, ProductEvent},
    rest::{denial::Denial, events::RecordedEvent, order::Step, story::Story},
};
use kernel::{Event as _, Position, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// What was recorded: its position, type and details. An event is recorded a second after the one before its position.
fn step((position, event, details): &(u64, &str, Value)) -> Step {
    Step {
        event: (*event).to_owned(),
        service: event.split('.').next().unwrap_or_default().to_owned(),
        actor: "reactor:any".to_owned(),
        at: Timestamp::from_micros(0) + Duration::from_secs(*position),
        position: Position(*position),
        cause: None,
        details: details.as_object().cloned().unwrap_or_default(),
    }
}

fn said(steps: &[(u64, &str, Value)], past: &[RecordedEvent]) -> Option<String> {
    let placed = (790, "order.placed", json!({ "Quantity": 5, "Price": 8.00 }));
    let steps = [placed].iter().chain(steps).map(step).collect();
    let took = |time: Duration| format!("{} s", time.as_secs());
    let denial = Denial::of(&Story::new(steps), past);
    denial.map(|denial| denial.words(|money| format!("€{money}"), took))
}

fn past(position: u64, event: &ProductEvent) -> RecordedEvent {
    RecordedEvent {
        position,
        stream: "product-1".to_owned(),
        version: 1,
        id: Uuid::nil(),
        r#type: event.kind().to_owned(),
        schema: event.schema(),
        time: Timestamp::from_micros(0),
        actor: "manager:1".to_owned(),
        correlation: Uuid::nil(),
        traceparent: None,
        reactor: None,
        cause: None,
        idempotency: None,
        data: event.encode(),
    }
}

fn denied(reasons: &[&str]) -> (u64, &'static str, Value) {
    (812, "order.denied", json!({ "Reasons": reasons }))
}

const STOCK: &str = "product.stock-denied";
const CREDIT: &str = "customer.credit-denied";

#[test]
fn a_lack_of_stock_or_credit_is_said_with_the_figures_that_were_recorded() {
    let low = (800, CREDIT, json!({ "Reason": "low-credit", "CreditLeft": 12.00 }));
    let steps = [low, (801, "product.stock-reserved", json!({})), denied(&["low-credit"])];
    assert_eq!(
        said(&steps, &[]).as_deref(),
        Some(
            "Denied at event 812: the customer's credit was €12.00 at event 800, and the order needs €40.00; €28.00 more credit \
             would have let it through."
        )
    );
    let few = (801, STOCK, json!({ "Reason": "out-of-stock", "UnitsLeft": 2 }));
    let steps = [steps[0].clone(), few, denied(&["out-of-stock", "low-credit"])];
    let both = said(&steps, &[]).expect("a sentence");
    assert!(
        both.contains("2 in stock at event 801, and the order needs 5; the customer's"),
        "{both}"
    );
    assert!(
        both.ends_with("; 3 more in stock and €28.00 more credit would have let it through."),
        "{both}"
    );
}

#[test]
fn a_changed_price_and_a_deleted_product_are_found_in_the_products_past() {
    let price = |price| Changed { price: Some(Money::from_minor(price)), ..Changed::default() };
    let history = [
        past(700, &price(800).into()),
        past(795, &price(900).into()),
        past(802, &price(1000).into()),
    ];
    let steps = |reason: &str| {
        let no = (801, STOCK, json!({ "Reason": reason, "UnitsLeft": 9 }));
        [no, (800, "customer.credit-reserved", json!({})), denied(&[reason])]
    };
    let found = said(&steps("price-changed"), &history).expect("a sentence");
    assert!(
        found.contains("the price was €9.00 since event 795, and the order was placed at €8.00"),
        "{found}"
    );
    assert!(found.ends_with("; an order at €9.00 would have let it through."), "{found}");
    let unknown = said(&steps("price-changed"), &[]).expect("a sentence");
    assert!(unknown.contains("the price was no longer €8.00"), "{unknown}");
    let gone = [past(798, &Deleted { units_change: 0 }.into())];
    let found = said(&steps("unknown-product"), &gone).expect("a sentence");
    assert!(found.contains("the product had been deleted by event 798"), "{found}");
    let found = said(&steps("unknown-product"), &[]).expect("a sentence");
    assert!(found.contains("there was no such product"), "{found}");
}

#[test]
fn a_price_is_not_taken_from_a_forged_event() {
    let added = |price| Added {
        product: Uuid::nil(),
        code: None,
        name: "Lamp".to_owned(),
        description: String::new(),
        supplier: String::new(),
        category: Uuid::nil(),
        price: Money::from_minor(price),
        currency: "EUR".to_owned(),
        units: 9,
    };
    let price = |price| Changed { price: Some(Money::from_minor(price)), ..Changed::default() };
    let steps = || {
        let no = (801, STOCK, json!({ "Reason": "price-changed", "UnitsLeft": 9 }));
        [no, (800, "customer.credit-reserved", json!({})), denied(&["price-changed"])]
    };
    // It already exists.
    let twice = [
        past(700, &added(700).into()),
        past(790, &price(900).into()),
        past(795, &added(800).into()),
    ];
    let found = said(&steps(), &twice).expect("a sentence");
    assert!(found.contains("the price was €9.00 since event 790"), "{found}");
    // It is gone, and comes back.
    let back = [
        past(700, &added(700).into()),
        past(750, &Deleted { units_change: 0 }.into()),
        past(760, &added(900).into()),
    ];
    let found = said(&steps(), &back).expect("a sentence");
    assert!(found.contains("the price was €9.00 since event 760"), "{found}");
    let gone = [past(750, &Deleted { units_change: 0 }.into()), past(760, &price(800).into())];
    let found = said(&steps(), &gone).expect("a sentence");
    assert!(found.contains("the price was no longer €8.00"), "{found}");
}

#[test]
fn at_a_deadline_the_silent_service_is_named_with_its_late_answer() {
    let steps = [(800, "product.stock-reserved", json!({})), denied(&["deadline"])];
    let silent = said(&steps, &[]).expect("a sentence");
    assert_eq!(
        silent,
        "Denied at event 812: customer had not answered 22 s after event 790; an answer from customer in time would have let it \
         through."
    );
    let late = (830, CREDIT, json!({ "Reason": "low-credit", "CreditLeft": 0 }));
    let [reserved, denied] = steps;
    let late = said(&[reserved, denied, late], &[]).expect("a sentence");
    assert!(
        late.contains("after event 790, and did at event 830; the customer's credit was €0.00"),
        "{late}"
    );
    assert!(late.ends_with("in time and €40.00 more credit would have let it through."), "{late}");
}

#[test]
fn an_answer_that_was_recorded_and_not_heard_in_time_is_nobodys_silence() {
    let few = (800, STOCK, json!({ "Reason": "out-of-stock", "UnitsLeft": 2 }));
    let reserved = (801, "customer.credit-reserved", json!({}));
    let steps = [few, reserved, denied(&["out-of-stock", "deadline"])];
    let both = said(&steps, &[]).expect("a sentence");
    assert!(
        both.contains("the order service had not decided 22 s after event 790; 2 in stock"),
        "{both}"
    );
    assert!(
        both.ends_with("; a decision in time and 3 more in stock would have let it through."),
        "{both}"
    );
}

#[test]
fn an_order_that_was_not_denied_has_no_sentence() {
    assert_eq!(said(&[], &[]), None);
}

#[test]
fn an_order_that_was_recorded_after_its_deadline_was_not_held_up_by_any_service() {
    let placed = json!({ "Quantity": 5, "Price": 8.00, "Deadline": "1970-01-01T00:13:00Z" });
    let late = json!({ "Reason": "deadline" });
    let steps = [
        (790, "order.placed", placed),
        (791, STOCK, late.clone()),
        (792, CREDIT, late),
        (793, "order.denied", json!({ "Reasons": ["deadline"] })),
    ];
    let took = |time: Duration| format!("{} s", time.as_secs());
    let denial = Denial::of(&Story::new(steps.iter().map(step).collect()), &[]);
    let words = denial.map(|denial| denial.words(|money| format!("€{money}"), took));
    assert_eq!(
        words.as_deref(),
        Some(
            "Denied at event 793: the order was recorded at event 790, 10 s after its deadline; an event store that records it in time would \
             have let it through."
        )
    );
}

#[test]
fn services_that_found_the_time_up_are_named_with_how_long_they_took() {
    let late = json!({ "Reason": "deadline" });
    let steps = [(801, STOCK, late.clone()), (802, CREDIT, late), denied(&["deadline"])];
    assert_eq!(
        said(&steps, &[]).as_deref(),
        Some(
            "Denied at event 812: product had not answered 11 s after event 790, and did at event 801; customer had not answered 12 s after \
             event 790, and did at event 802; an answer from product in time and an answer from customer in time would have let it through."
        )
    );
}
