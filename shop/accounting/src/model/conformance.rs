//! The conformance suite that every engine behind [`Model`] passes; each check panics where the engine fails.

use std::sync::Arc;

use contracts::accounting::InvoiceIssued;
use contracts::money::Money;
use kernel::{Position, Timestamp};
use runtime::model::conformance;
use uuid::Uuid;

use super::{Change, Invoice, InvoiceQuery, Model, ProductSum, Sum, What};

const ADA: Uuid = Uuid::from_u128(0xada);
const BOB: Uuid = Uuid::from_u128(0xb0b);

/// Runs the whole suite; `make` gives a new, empty model each time, whose months are those of New York.
pub async fn suite(make: impl AsyncFn() -> Arc<dyn Model>) {
    a_new_model_is_empty(&*make().await).await;
    invoices_are_found_and_listed(&*make().await).await;
    an_invoice_stays_as_it_was_issued(&*make().await).await;
    what_contradicts_is_unfit(&*make().await).await;
    an_order_leads_to_its_first_invoice(&*make().await).await;
    revenue_adds_up_by_day_month_and_product(&*make().await).await;
    a_rebuilt_model_is_identical(&*make().await, &*make().await).await;
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

/// An invoice with its own number as position and order: `quantity` of `product` at 0.50.
fn issued(number: u64, customer: Uuid, product: u64, quantity: u32, at: &str) -> Change {
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

fn named(position: u64, customer: Uuid, user: Option<&str>, full_name: Option<&str>) -> Change {
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

async fn numbers(model: &dyn Model, wanted: InvoiceQuery) -> Vec<u64> {
    let found = model.invoices(wanted).await.expect("a list");
    found.iter().map(|invoice| invoice.issued.number).collect()
}

async fn balanced(model: &dyn Model) {
    for balance in model.balances().await.expect("balances") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
}

async fn a_new_model_is_empty(model: &dyn Model) {
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(model, 1).await, None);
    assert!(numbers(model, InvoiceQuery { count: 9, ..InvoiceQuery::default() }).await.is_empty());
    assert_eq!(model.customer("ada").await.expect("a query works"), None);
    assert_eq!(model.revenue(2026).await.expect("a year").total(), Sum::default());
    balanced(model).await;
}

async fn invoices_are_found_and_listed(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    let all: Vec<Change> =
        (1..=5).map(|n| issued(n, if n % 2 == 0 { BOB } else { ADA }, n, 1, at)).collect();
    apply(model, &all).await;
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position(5));
    let three = found(model, 3).await.expect("it is there");
    let What::Issued { invoice, at } = &issued(3, ADA, 3, 1, at).what else { return };
    assert_eq!((&three.issued, three.at), (&**invoice, *at));
    assert_eq!(found(model, 6).await, None);

    let page = |customer, after, count| InvoiceQuery { customer, after, count };
    assert_eq!(numbers(model, page(None, None, 9)).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(model, page(Some(ADA), None, 2)).await, [5, 3]);
    assert_eq!(numbers(model, page(Some(ADA), Some(3), 2)).await, [1]);
    assert_eq!(numbers(model, page(None, Some(4), 2)).await, [3, 2]);
    assert_eq!(numbers(model, page(None, Some(u64::MAX), 1)).await, [5]);
    assert!(numbers(model, page(Some(id(9)), None, 9)).await.is_empty());
}

async fn an_invoice_stays_as_it_was_issued(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    let names = async |order| {
        let invoice = found(model, order).await.expect("it is there");
        let listed = InvoiceQuery { customer: Some(ADA), count: 9, ..InvoiceQuery::default() };
        let listed = model.invoices(listed).await.expect("a list");
        assert!(listed.contains(&invoice), "a list shows the same: {listed:?}");
        let text = |name: Option<String>| name.unwrap_or_default();
        (text(invoice.user), text(invoice.full_name))
    };
    let is = |user: &str, full_name: &str| (user.to_owned(), full_name.to_owned());
    apply(model, &[issued(1, ADA, 1, 1, at)]).await;
    apply(model, &[named(2, ADA, Some("ada"), Some("Ada Lovelace"))]).await;
    assert_eq!(names(1).await, is("", ""), "no name was known then");
    apply(model, &[issued(3, ADA, 1, 1, at)]).await;
    // Names change between invoices of one batch too.
    let renamed = |position, name| named(position, ADA, None, Some(name));
    let batch = [
        issued(4, ADA, 1, 1, at),
        renamed(5, "Ada King"),
        issued(6, ADA, 1, 1, at),
        renamed(7, "Ada Byron"),
    ];
    apply(model, &batch).await;
    assert_eq!(names(3).await, is("ada", "Ada Lovelace"));
    assert_eq!(names(4).await, is("ada", "Ada Lovelace"));
    assert_eq!(names(6).await, is("ada", "Ada King"));
    assert_eq!(model.customer("ada").await.expect("a query works"), Some(ADA));
    assert_eq!(model.customer("Ada King").await.expect("a query works"), None);
}

async fn what_contradicts_is_unfit(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    let invoice = |position, number, customer| {
        let Change { what, .. } = issued(number, customer, 1, 1, at);
        Change { position: Position(position), what }
    };
    let name = |position, customer, user| named(position, customer, Some(user), None);
    let twice = [invoice(1, 2, ADA), invoice(2, 2, BOB), invoice(3, 3, ADA)];
    let earlier = [invoice(1, 2, ADA), invoice(2, 1, BOB), invoice(3, 3, ADA)];
    let names = [name(1, ADA, "ada"), name(2, BOB, "ada"), name(3, BOB, "bob")];
    for changes in [twice, earlier, names] {
        conformance::unfit(model, &changes).await;
    }
}

async fn an_order_leads_to_its_first_invoice(model: &dyn Model) {
    let at = "2026-05-01T12:00:00Z";
    let again = |number| {
        let mut change = issued(number, ADA, 1, 1, at);
        if let What::Issued { invoice, .. } = &mut change.what {
            invoice.order = id(1);
        }
        change
    };
    apply(model, &[issued(1, ADA, 1, 1, at), again(2)]).await;
    apply(model, &[again(3)]).await;
    assert_eq!(found(model, 1).await.expect("it is there").issued.number, 1);
}

async fn revenue_adds_up_by_day_month_and_product(model: &dyn Model) {
    apply(
        model,
        &[
            issued(1, ADA, 7, 2, "2026-01-01T04:59:59Z"),
            issued(2, ADA, 7, 2, "2026-01-01T05:00:00Z"),
            issued(3, BOB, 8, 6, "2026-01-31T12:00:00Z"),
        ],
    )
    .await;
    apply(
        model,
        &[
            issued(4, BOB, 7, 4, "2026-12-31T12:00:00Z"),
            issued(5, BOB, 9, 1, "2026-12-31T12:00:01Z"),
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
    let days = async |first: &str, last: &str| {
        let [first, last] = [first, last].map(|day| day.parse().expect("a day"));
        let days = model.days(first, last).await.expect("days");
        days.into_iter().map(|(day, sum)| (day.to_string(), sum)).collect::<Vec<_>>()
    };
    let day = |day: &str, invoices, minor| (day.to_owned(), sum(invoices, minor));
    let all = [
        day("2025-12-31", 1, 100),
        day("2026-01-01", 1, 100),
        day("2026-01-31", 1, 300),
        day("2026-12-31", 2, 250),
    ];
    let [.., last] = &all;
    assert_eq!(days("2025-12-31", "2026-12-31").await, all);
    assert_eq!(days("2026-01-02", "2026-01-31").await, [day("2026-01-31", 1, 300)]);
    assert_eq!(days("2026-12-31", "2026-12-31").await, std::slice::from_ref(last));
    assert_eq!(days("2026-02-01", "2026-12-30").await, []);
    assert_eq!(year.products, [product(7, 4, 6, 300), product(8, 3, 6, 300), product(9, 5, 1, 50)]);
    balanced(model).await;
}

async fn a_rebuilt_model_is_identical(one: &dyn Model, other: &dyn Model) {
    let history = [
        named(1, ADA, Some("ada"), None),
        issued(2, ADA, 7, 2, "2026-01-01T04:59:59Z"),
        issued(3, BOB, 7, 1, "2026-07-01T04:59:59Z"),
        named(4, ADA, None, Some("Ada King")),
        issued(5, BOB, 8, 1, "2027-07-01T04:59:59Z"),
    ];
    apply(one, &history).await;
    one.reset().await.expect("it empties");
    assert_eq!(one.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(found(one, 2).await, None);
    apply(one, &history).await;
    for change in history {
        apply(other, &[change]).await;
    }
    let lines = one.dump().await.expect("a dump");
    assert!(lines.len() > 5, "{lines:?}");
    assert_eq!(lines, other.dump().await.expect("a dump"));
}
