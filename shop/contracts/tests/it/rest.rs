//! Answers read back as they were written, under the names that the API promises, and whatever else a newer shop adds.

use std::fmt::Debug;

use contracts::rest::{
    self,
    accounting::{Invoice, Revenue},
    causation::Causation,
    customer::{Credit, LoggedOut, Session, User},
    events::{Head, RecordedEvent},
    order::{Change, Order, Statistics, Step},
    product::{Category, CategoryDeleted, LowStock, Product, ProductDeleted, ShopCurrency},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const ID: &str = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
const TIME: &str = "2026-01-02T03:04:05.000006Z";

/// Reads a response with an unknown field, and writes it again: nothing else is lost or changed.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "called with what json! makes")]
fn reads_back<T: Serialize + DeserializeOwned>(answer: Value) {
    let mut newer = answer.clone();
    let members = newer.as_object_mut().expect("answers are objects");
    members.insert("AddedLater".to_owned(), json!([1]));
    let read: T = serde_json::from_str(&newer.to_string()).expect("a newer answer is read");
    let written = serde_json::to_string(&read).expect("answers are plain data");
    assert_eq!(serde_json::from_str::<Value>(&written).expect("is JSON"), answer);
    for name in answer.as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(name.starts_with(char::is_uppercase), "{name} is not PascalCase");
    }
}

/// The same, and the value itself is equal to what was read from its own writing.
#[track_caller]
fn equals_itself<T: Serialize + DeserializeOwned + PartialEq + Debug>(answer: Value) {
    let read: T = serde_json::from_str(&answer.to_string()).expect("the answer is read");
    let written = serde_json::to_string(&read).expect("answers are plain data");
    assert_eq!(serde_json::from_str::<T>(&written).expect("reads back"), read);
    reads_back::<T>(answer);
}

fn order() -> Value {
    json!({
        "OrderId": ID, "UserName": "alice", "ProductId": ID, "ProductName": "Tea", "Quantity": 3, "Price": 19.99,
        "Total": 59.97, "Currency": "EUR", "Status": "Canceled", "StockStatus": "Released", "CreditStatus": "Denied",
        "Reasons": ["low-credit"], "InvoiceNumber": null, "Channel": "app", "PlacedAt": TIME, "UpdatedAt": TIME,
    })
}

#[test]
fn an_order_of_an_older_service_has_no_channel() {
    let mut older = order();
    older.as_object_mut().expect("an object").remove("Channel");
    let read: rest::order::Order = serde_json::from_value(older).expect("it is read");
    assert_eq!(read.channel, rest::order::Channel::Unknown);
}

fn step() -> Value {
    json!({
        "Event": "order.placed", "Service": "order", "Actor": "reactor:order", "At": TIME, "Position": 7,
        "Details": { "Price": 19.99, "Reason": null },
    })
}

#[test]
fn answers_about_customers_read_back() {
    equals_itself::<User>(json!({
        "UserName": "alice", "FullName": "Alice Ås", "Email": "alice@example.org", "Role": "customer",
        "Credit": 100.25, "Reserved": 0.5, "Available": 99.75, "Version": 3,
    }));
    equals_itself::<Credit>(
        json!({ "UserName": "alice", "Credit": 999_999_999.25, "Reserved": 0.5, "Available": 0.01 }),
    );
    reads_back::<Session>(
        json!({ "Token": "a.b.c", "ExpiresAt": TIME, "UserName": "admin", "Role": "manager" }),
    );
    equals_itself::<LoggedOut>(json!({ "UserName": "alice" }));
}

#[test]
fn answers_about_products_read_back() {
    for code in [json!("SKU-1"), json!(null)] {
        equals_itself::<Product>(json!({
            "ProductId": ID, "Code": code, "Name": "Tea", "Description": "", "Supplier": "Acme", "CategoryId": ID,
            "CategoryName": "Drinks", "Price": 19.99, "Currency": "EUR", "UnitsInStock": 10, "Available": 7,
            "Version": 2,
        }));
    }
    equals_itself::<Category>(json!({ "CategoryId": ID, "Name": "Drinks", "Products": 12 }));
    equals_itself::<ProductDeleted>(json!({ "ProductId": ID }));
    equals_itself::<ShopCurrency>(json!({ "Currency": "EUR" }));
    equals_itself::<LowStock>(json!({ "Units": 12 }));
    equals_itself::<LowStock>(json!({ "Units": null }));
    equals_itself::<CategoryDeleted>(json!({ "CategoryId": ID }));
}

#[test]
fn answers_about_orders_read_back() {
    equals_itself::<Order>(order());
    for (field, words) in [
        ("Status", &["Pending", "Canceled", "Approved", "Finalized"][..]),
        ("StockStatus", &["Pending", "Reserved", "Denied", "Released", "Committed"]),
        ("CreditStatus", &["Pending", "Reserved", "Denied", "Released", "Debited"]),
    ] {
        for word in words {
            let mut other = order();
            other.as_object_mut().expect("is one").insert(field.to_owned(), json!(word));
            equals_itself::<Order>(other);
        }
    }
    equals_itself::<Step>(step());
    let mut reaction = step();
    reaction.as_object_mut().expect("is one").insert("Cause".to_owned(), json!(6));
    equals_itself::<Step>(reaction);
    equals_itself::<Change>(json!({ "Step": step(), "Order": order() }));
    equals_itself::<Statistics>(json!({
        "Total": 3, "Open": 1, "ByStatus": { "Finalized": 2, "Pending": 1 }, "ByReason": { "deadline": 0 },
        "Durations": { "P50Ms": 1.5, "P90Ms": 2.5, "P99Ms": 3.5, "MaxMs": 4.5 },
    }));
}

#[test]
fn answers_of_accounting_read_back() {
    equals_itself::<Invoice>(json!({
        "InvoiceNumber": 1, "OrderId": ID, "UserName": "alice", "FullName": "Alice", "ProductId": ID,
        "ProductName": "Tea", "Quantity": 3, "UnitPrice": 19.99, "Total": 59.97, "Currency": "EUR", "IssuedAt": TIME,
    }));
    equals_itself::<Revenue>(json!({
        "Year": 2026, "Revenue": 59.97, "Invoices": 1,
        "ByMonth": [{ "Month": 1, "Revenue": 59.97, "Invoices": 1 }],
        "ByProduct": [{ "ProductId": ID, "ProductName": "Tea", "Quantity": 3, "Revenue": 59.97 }],
    }));
}

#[test]
fn recorded_events_read_back() {
    let mut event = json!({
        "Position": 7, "Stream": format!("order-{ID}"), "Version": 0, "Id": ID, "Type": "order.placed", "Schema": 1,
        "Time": TIME, "Actor": "anonymous", "Correlation": ID, "Traceparent": null, "Reactor": null, "Cause": null,
        "Data": { "order": ID, "price": 1999 },
    });
    reads_back::<RecordedEvent>(event.clone());
    let members = event.as_object_mut().expect("is one");
    members.insert("Reactor".to_owned(), json!("product"));
    members.insert("Cause".to_owned(), json!(6));
    reads_back::<RecordedEvent>(event.clone());
    reads_back::<Causation>(json!({
        "Event": event, "Causes": [], "Followed": [event], "SameRequest": [], "More": false, "IndexedTo": 9,
    }));
    reads_back::<Head>(json!({ "Position": 7 }));
}
