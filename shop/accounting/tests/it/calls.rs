//! Responses of the calls.

use contracts::money::Money;
use contracts::{
    customer::{Personal, ProfileChanged, Registered, Role},
    order::Terms,
};
use identity::Role::Customer;
use jiff::{ToSpan as _, tz::TimeZone};
use kernel::Timestamp;
use serde_json::{Value, json};
use testing::ADA;
use uuid::Uuid;

use crate::harness::World;

const BOB: Uuid = Uuid::from_u128(3);

fn order(number: u128) -> Uuid {
    Uuid::from_u128(0x0e00 + number)
}

async fn registered(world: &World, customer: Uuid, user: &str, full_name: &str) {
    let personal = Personal {
        user: Some(user.to_owned()),
        full_name: Some(full_name.to_owned()),
        email: Some(format!("{user}@example.com")),
    };
    let (password, role, credit) = ("sealed".to_owned(), Role::Customer, Money::from_minor(10_000));
    let registered = Registered { customer, personal, password, role, credit };
    let event = contracts::customer::CustomerEvent::from(registered);
    world.record(contracts::customer::stream(customer), &event).await;
}

/// An order of `quantity` pieces of product `product` at 2.50 becomes final.
pub(crate) async fn finalized(
    world: &World,
    number: u128,
    customer: Uuid,
    product: u128,
    quantity: u32,
) {
    let terms = testing::terms(order(number), customer, Uuid::from_u128(product), quantity, 250);
    let named = Terms { product_name: format!("Product {product}"), ..terms };
    world.finalized(&named).await;
}

/// Ada with orders 1 and 3, Bob with order 2.
pub(crate) async fn three_orders() -> World {
    let world = World::start().await;
    registered(&world, ADA, "ada", "Ada Lovelace").await;
    registered(&world, BOB, "bob", "Bob").await;
    finalized(&world, 1, ADA, 7, 2).await;
    finalized(&world, 2, BOB, 8, 10).await;
    finalized(&world, 3, ADA, 7, 1).await;
    world.settle().await;
    world
}

fn numbers(list: &Value) -> Vec<u64> {
    let items = list["Items"].as_array().expect("a list");
    items.iter().map(|item| item["InvoiceNumber"].as_u64().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalized_order_gets_its_invoice() {
    let world = three_orders().await;
    let path = format!("/get-invoice?OrderId={}", order(1));
    let mut invoice = world.ask_as(Customer, "GET", &path).send().await.expect(200);
    let issued_at = invoice["IssuedAt"].take();
    assert!(issued_at.as_str().is_some_and(|at| at.ends_with('Z')), "{issued_at}");
    assert_eq!(
        invoice,
        json!({
            "InvoiceNumber": 1, "OrderId": order(1), "UserName": "ada", "FullName": "Ada Lovelace",
            "ProductId": Uuid::from_u128(7), "ProductName": "Product 7", "Quantity": 2, "UnitPrice": 2.5,
            "Total": 5.0, "Currency": "EUR", "IssuedAt": null,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_their_own_invoices_and_a_manager_all() {
    let world = three_orders().await;
    let own = world.ask_as(Customer, "GET", "/get-invoices?UserName=ada").send().await.expect(200);
    assert_eq!(numbers(&own), [3, 1]);
    assert_eq!(numbers(&world.get("/get-invoices?UserName=bob").await.expect(200)), [2]);
    assert_eq!(numbers(&world.get("/get-invoices").await.expect(200)), [3, 2, 1]);

    let others = [
        "/get-invoices".to_owned(),
        "/get-invoices?UserName=bob".to_owned(),
        format!("/get-invoice?OrderId={}", order(2)),
        "/get-revenue".to_owned(),
        "/get-daily-revenue?From=2026-11-01&To=2026-11-30".to_owned(),
    ];
    for path in others {
        world.ask_as(Customer, "GET", &path).send().await.expect(403);
        world.ask("GET", &path).send().await.expect(401);
    }
    world.get("/get-invoices?UserName=nobody").await.expect(404);
    world.get(&format!("/get-invoice?OrderId={}", order(9))).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_come_by_pages() {
    let world = three_orders().await;
    let first = world.get("/get-invoices?Limit=2").await.expect(200);
    assert_eq!(numbers(&first), [3, 2]);
    let next = first["Next"].as_str().expect("there is more");
    let last = world.get(&format!("/get-invoices?Limit=2&After={next}")).await.expect(200);
    assert_eq!((numbers(&last), &last["Next"]), (vec![1], &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_shows_the_name_that_its_customer_had_when_it_was_issued() {
    let world = three_orders().await;
    let personal = Personal { full_name: Some("Ada King".to_owned()), ..Personal::default() };
    let event = contracts::customer::CustomerEvent::from(ProfileChanged { personal });
    world.record(contracts::customer::stream(ADA), &event).await;
    world.settle().await;
    let invoice = world.get(&format!("/get-invoice?OrderId={}", order(3))).await.expect(200);
    assert_eq!(
        (&invoice["FullName"], &invoice["UserName"]),
        (&json!("Ada Lovelace"), &json!("ada"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_told_by_month_and_by_product() {
    let world = three_orders().await;
    let revenue = world.get("/get-revenue").await.expect(200);
    assert_eq!((&revenue["Revenue"], &revenue["Invoices"]), (&json!(32.5), &json!(3)));
    assert_eq!(
        revenue["ByProduct"],
        json!([
            {"ProductId": Uuid::from_u128(8), "ProductName": "Product 8", "Quantity": 10, "Revenue": 25.0},
            {"ProductId": Uuid::from_u128(7), "ProductName": "Product 7", "Quantity": 3, "Revenue": 7.5},
        ])
    );
    let months = revenue["ByMonth"].as_array().expect("months");
    assert_eq!(months.len(), 12);
    let told: u64 = months.iter().filter_map(|month| month["Invoices"].as_u64()).sum();
    assert_eq!(told, 3);

    let long_ago = world.get("/get-revenue?Year=1970").await.expect(200);
    assert_eq!((&long_ago["Revenue"], &long_ago["ByProduct"]), (&json!(0.0), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_told_day_by_day() {
    let world = three_orders().await;
    let invoices = world.get("/get-invoices").await.expect(200);
    let issued = invoices["Items"].as_array().expect("a list").iter().map(|invoice| {
        let at: Timestamp = invoice["IssuedAt"].as_str().expect("a time").parse().expect("a time");
        at.to_jiff().to_zoned(TimeZone::UTC).date()
    });
    // Three of one day, unless it is midnight.
    let issued: Vec<_> = issued.collect();
    let (first, last) = (issued[2] - 2.days(), issued[0] + 1.days());
    let days = world.get(&format!("/get-daily-revenue?From={first}&To={last}")).await.expect(200);
    assert_eq!((&days["Revenue"], &days["Invoices"]), (&json!(32.5), &json!(3)));
    let expected: Vec<_> = std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take_while(|day| *day <= last)
        .map(|day| (day.to_string(), json!(issued.iter().filter(|one| **one == day).count())))
        .collect();
    assert!(expected.len() >= 4, "{expected:?}");
    let told = days["ByDay"]
        .as_array()
        .expect("days")
        .iter()
        .map(|day| (day["Day"].as_str().expect("a day").to_owned(), day["Invoices"].clone()));
    assert_eq!(told.collect::<Vec<_>>(), expected);

    let leap = world.get("/get-daily-revenue?From=2024-01-01&To=2024-12-31").await.expect(200);
    assert_eq!(leap["ByDay"].as_array().map(Vec::len), Some(366));
    assert_eq!(leap["ByDay"][365], json!({"Day": "2024-12-31", "Revenue": 0.0, "Invoices": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_by_field() {
    let world = World::start().await;
    for (path, field) in [
        ("/get-revenue?Year=1969", "Year"),
        ("/get-revenue?Year=10000", "Year"),
        ("/get-revenue?Year=99999999", "Year"),
        ("/get-revenue?Year=now", "Year"),
        ("/get-revenue?Years=2026", "Years"),
        ("/get-daily-revenue?To=2026-11-30", "From"),
        ("/get-daily-revenue?From=2026-11-30&To=2026-11-29", "To"),
        ("/get-daily-revenue?From=2025-11-30&To=2026-12-01", "To"),
        ("/get-daily-revenue?From=2026-02-30&To=2026-03-01", "From"),
        ("/get-daily-revenue?From=1969-12-31&To=1970-01-01", "From"),
        ("/get-daily-revenue?From=2026-11-30T10:00&To=2026-12-01", "From"),
        ("/get-invoices?Limit=0", "Limit"),
        ("/get-invoices?Limit=501", "Limit"),
        ("/get-invoices?After=%21", "After"),
        ("/get-invoices?UserName=", "UserName"),
        ("/get-invoice", "OrderId"),
        ("/get-invoice?OrderId=7", "OrderId"),
    ] {
        let problem = world.get(path).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_beyond_every_number_is_answered() {
    let world = three_orders().await;
    let after = web::After(u64::MAX).encode();
    let all = world.get(&format!("/get-invoices?After={after}")).await.expect(200);
    assert_eq!(numbers(&all), [3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_are_numbered_without_gaps_however_many_come_at_once() {
    let world = World::start().await;
    for number in 0..50 {
        finalized(&world, number, ADA, 7, 1).await;
    }
    world.settle().await;
    let all = world.get("/get-invoices?Limit=500").await.expect(200);
    assert_eq!(numbers(&all), (1..=50).rev().collect::<Vec<u64>>());
    let stream = contracts::accounting::stream();
    for event in world.store().read_stream(&stream, None).await.expect("a stream") {
        let contracts::accounting::AccountingEvent::InvoiceIssued(invoice) =
            contracts::accounting::AccountingEvent::of(&event).expect("an invoice");
        assert_eq!(invoice.number, event.version.0 + 1);
    }
    for balance in world.service.model.as_ref().expect("a model").balances().await.expect("sums") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_may_ask_for_the_time_zone() {
    let world = World::start().await;
    let zone = world.ask("GET", "/get-time-zone").send().await.expect(200);
    assert_eq!(zone, json!({ "TimeZone": "UTC" }));
}
