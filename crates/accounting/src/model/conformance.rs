//! What every engine behind [`Model`] must do, as tests; each panics where the engine fails.

use std::sync::Arc;

use chassis::{Inspect, ReadModel};
use contracts::accounting::InvoiceIssued;
use kernel::{Money, Position, Timestamp};
use uuid::Uuid;

use super::{Change, Invoice, Invoices, Model, ProductSum, Sum, What};

const ADA: Uuid = Uuid::from_u128(0xada);
const BOB: Uuid = Uuid::from_u128(0xb0b);

/// Runs the whole suite; `make` gives a new, empty model each time, whose months are those of New York.
pub async fn suite(make: impl AsyncFn() -> Arc<dyn Model>) {
    a_new_model_is_empty(&*make().await).await;
    invoices_are_found_and_listed(&*make().await).await;
    names_are_those_of_now(&*make().await).await;
    revenue_adds_up_by_month_and_product(&*make().await).await;
    a_rebuilt_model_is_identical(&*make().await, &*make().await).await;
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

/// An invoice with its own number as position and order: `quantity` of `product` at 0.50.
fn issued(number: u64, customer: Uuid, (product, quantity): (u64, u32), at: &str) -> Change {
    let unit_price = Money::from_minor(50);
    let invoice = InvoiceIssued {
        number,
        order: id(number),
        customer,
        product: id(product),
        product_name: format!("Product {product} at {number}"),
        quantity,
        unit_price,
        total: unit_price.times(quantity),
        currency: "EUR".to_owned(),
    };
    let at: Timestamp = at.parse().expect("a time");
    Change { position: Position(number), what: What::Issued { invoice: Box::new(invoice), at } }
}

fn named(position: u64, customer: Uuid, (user, full_name): (Option<&str>, Option<&str>)) -> Change {
    let (user, full_name) = (user.map(str::to_owned), full_name.map(str::to_owned));
    Change { position: Position(position), what: What::Named { customer, user, full_name } }
}

async fn apply(model: &dyn Model, changes: &[Change]) {
    let at = model.checkpoint().await.expect("a checkpoint");
    let to = changes.last().map_or(Position::START, |change| change.position);
    model.apply(at, changes, to).await.expect("the changes are taken");
}

async fn found(model: &dyn Model, order: u64) -> Option<Invoice> {
    model.invoice(id(order)).await.expect("a query works")
}

async fn numbers(model: &dyn Model, wanted: Invoices) -> Vec<u64> {
    let found = model.invoices(wanted).await.expect("a list");
    found.iter().map(|invoice| invoice.issued.number).collect()
}

async fn balanced(model: &dyn Model) {
    for balance in Inspect::balances(model).await.expect("balances") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
}

async fn a_new_model_is_empty(model: &dyn Model) {
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(model, 1).await, None);
    assert!(numbers(model, Invoices { count: 9, ..Invoices::default() }).await.is_empty());
    assert_eq!(model.customer("ada").await.expect("a query works"), None);
    assert_eq!(model.revenue(2026).await.expect("a year").total(), Sum::default());
    balanced(model).await;
}

async fn invoices_are_found_and_listed(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    let all: Vec<Change> =
        (1..=5).map(|n| issued(n, if n % 2 == 0 { BOB } else { ADA }, (n, 1), at)).collect();
    apply(model, &all).await;
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(5));
    let three = found(model, 3).await.expect("it is there");
    let What::Issued { invoice, at } = &issued(3, ADA, (3, 1), at).what else { return };
    assert_eq!((&three.issued, three.at), (&**invoice, *at));
    assert_eq!(found(model, 6).await, None);

    let page = |customer, after, count| Invoices { customer, after, count };
    assert_eq!(numbers(model, page(None, None, 9)).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(model, page(Some(ADA), None, 2)).await, [5, 3]);
    assert_eq!(numbers(model, page(Some(ADA), Some(3), 2)).await, [1]);
    assert_eq!(numbers(model, page(None, Some(4), 2)).await, [3, 2]);
    assert_eq!(numbers(model, page(None, Some(u64::MAX), 1)).await, [5]);
    assert!(numbers(model, page(Some(id(9)), None, 9)).await.is_empty());
}

async fn names_are_those_of_now(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    apply(model, &[issued(1, ADA, (1, 1), at)]).await;
    let names = async || {
        let invoice = found(model, 1).await.expect("it is there");
        (invoice.user, invoice.full_name)
    };
    assert_eq!(names().await, (None, None));
    apply(model, &[named(2, ADA, (Some("ada"), Some("Ada Lovelace")))]).await;
    apply(model, &[named(3, ADA, (None, Some("Ada King")))]).await;
    assert_eq!(names().await, (Some("ada".to_owned()), Some("Ada King".to_owned())));
    assert_eq!(model.customer("ada").await.expect("a query works"), Some(ADA));
    assert_eq!(model.customer("Ada King").await.expect("a query works"), None);
}

async fn revenue_adds_up_by_month_and_product(model: &dyn Model) {
    apply(
        model,
        &[
            issued(1, ADA, (7, 2), "2026-01-01T04:59:59Z"),
            issued(2, ADA, (7, 2), "2026-01-01T05:00:00Z"),
            issued(3, BOB, (8, 6), "2026-01-31T12:00:00Z"),
        ],
    )
    .await;
    apply(
        model,
        &[
            issued(4, BOB, (7, 4), "2026-12-31T12:00:00Z"),
            issued(5, BOB, (9, 1), "2026-12-31T12:00:01Z"),
        ],
    )
    .await;
    let sum = |invoices, minor| Sum { invoices, revenue: Money::from_minor(minor) };
    let before = model.revenue(2025).await.expect("a year");
    assert_eq!(before.total(), sum(1, 100), "it was still 2025 in New York");
    assert_eq!(before.months.last(), Some(&sum(1, 100)));
    let year = model.revenue(2026).await.expect("a year");
    assert_eq!(year.total(), sum(4, 650));
    assert_eq!(year.months.first(), Some(&sum(2, 400)));
    assert_eq!(year.months.last(), Some(&sum(2, 250)));
    let product = |product, last: u64, quantity, minor| ProductSum {
        product: id(product),
        name: format!("Product {product} at {last}"),
        quantity,
        revenue: Money::from_minor(minor),
    };
    assert_eq!(year.products, [product(7, 4, 6, 300), product(8, 3, 6, 300), product(9, 5, 1, 50)]);
    balanced(model).await;
}

async fn a_rebuilt_model_is_identical(one: &dyn Model, other: &dyn Model) {
    let history = [
        named(1, ADA, (Some("ada"), None)),
        issued(2, ADA, (7, 2), "2026-01-01T04:59:59Z"),
        issued(3, BOB, (7, 1), "2026-07-01T04:59:59Z"),
        named(4, ADA, (None, Some("Ada King"))),
        issued(5, BOB, (8, 1), "2027-07-01T04:59:59Z"),
    ];
    apply(one, &history).await;
    one.reset().await.expect("it empties");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(one, 2).await, None);
    apply(one, &history).await;
    for change in history {
        apply(other, &[change]).await;
    }
    let lines = ReadModel::dump(one).await.expect("a dump");
    assert!(lines.len() > 5, "{lines:?}");
    assert_eq!(lines, ReadModel::dump(other).await.expect("a dump"));
}
