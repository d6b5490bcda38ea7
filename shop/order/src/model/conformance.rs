//! The conformance suite that every engine behind [`Model`] passes; each check panics where the engine fails.

mod history;
mod lists;

use std::sync::Arc;

use contracts::money::Money;
use contracts::{
    accounting::AccountingEvent,
    order::{Channel, OrderEvent, Reason, Terms, lifecycle::Status},
    product::ProductEvent,
};
use kernel::{EventType, Position, Timestamp};
use runtime::model::conformance;
use uuid::Uuid;

use super::{
    Change, Effect, Happened, Model, Order, OrderQuery, Placing, Product, What, Whose, Within,
};

/// Runs the whole suite; `make` gives a new, empty model each time.
pub async fn suite(make: impl AsyncFn() -> Arc<dyn Model>) {
    a_new_model_is_empty(&*make().await).await;
    products_are_copied(&*make().await).await;
    customers_are_copied(&*make().await).await;
    what_contradicts_is_unfit(&*make().await).await;
    history::an_order_follows_its_steps(&*make().await).await;
    steps_of_unknown_orders_are_passed_over(&*make().await).await;
    history::what_follows_from_an_order_is_a_step_of_it(&*make().await, &*make().await).await;
    history::a_shared_correlation_says_nothing(&*make().await, &*make().await).await;
    lists::they_are_filtered_and_paged(&*make().await).await;
    lists::the_longest_come_first(&*make().await).await;
    lists::orders_are_found_by_a_part_of_their_id(&*make().await).await;
    changes_are_told_in_order(&*make().await).await;
    statistics_count_what_was_placed(&*make().await).await;
    history::running_orders_are_those_that_have_not_ended(&*make().await).await;
    it_does_not_matter_how_changes_came(&*make().await, &*make().await).await;
    history::an_order_ends_once(&*make().await, &*make().await).await;
}

const ADA: Uuid = Uuid::from_u128(0xada);
const BOB: Uuid = Uuid::from_u128(0xb0b);
const LAMP: Uuid = Uuid::from_u128(0x1a);
const DESK: Uuid = Uuid::from_u128(0xde);

fn at(position: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(position).expect("small") * 1_000_000)
}

fn change(position: u64, what: What) -> Change {
    Change { position: Position(position), at: at(position), what }
}

fn order(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn placed(position: u64, number: u128, customer: Uuid, product: Uuid) -> Change {
    let terms = Terms {
        order: order(number),
        customer,
        product,
        product_name: "Thing".to_owned(),
        quantity: 2,
        price: Money::from_minor(1999),
        currency: "EUR".to_owned(),
    };
    let mut change = step(position, number, Kind(OrderEvent::PLACED, "{}"));
    if let What::Happened(happened) = &mut change.what {
        let (channel, correlation) = (channel(number), correlation(number));
        let placing = Placing { terms, channel, correlation };
        (happened.placed, happened.cause) = (Some(Arc::new(placing)), None);
    }
    change
}

/// Each two orders share one: 1 and 11, 2 and 12, and so on.
fn correlation(number: u128) -> Uuid {
    Uuid::from_u128(0xc000 + number % 10)
}

/// Order 1 is of the site, 2 of the app, and so on; 4 is of an unknown channel.
fn channel(number: u128) -> Channel {
    match number % 4 {
        1 => Channel::Site,
        2 => Channel::App,
        3 => Channel::Api,
        _ => Channel::Unknown,
    }
}

/// The type of an event, and what is shown of it.
struct Kind(&'static str, &'static str);

/// A step of an order that reacts to the event before it.
fn step(position: u64, number: u128, Kind(kind, details): Kind) -> Change {
    let service = kind.split('.').next().expect("a category");
    change(
        position,
        What::Happened(Happened {
            whose: Whose::Order(order(number)),
            service: service.to_owned(),
            kind: EventType::parse(kind).expect("a type"),
            actor: contracts::actor::customer(ADA),
            cause: Some(Position(position - 1)),
            details: details.to_owned(),
            effect: Effect::of_step(service, kind, details),
            placed: None,
        }),
    )
}

const APPROVED: Kind = Kind(OrderEvent::APPROVED, "{}");
const FINALIZED: Kind = Kind(OrderEvent::FINALIZED, "{}");
const DENIED: Kind = Kind(OrderEvent::DENIED, r#"{"Reasons":["out-of-stock","deadline"]}"#);
const STOCK: Kind = Kind(ProductEvent::STOCK_RESERVED, "{}");
const INVOICE: Kind = Kind(AccountingEvent::INVOICE_ISSUED, r#"{"InvoiceNumber":7}"#);

async fn apply(model: &dyn Model, changes: &[Change]) {
    let at = model.checkpoint().await.expect("a checkpoint");
    let to = changes.last().map_or(Position::START, |change| change.position);
    model.apply(at, changes, to).await.expect("the changes are taken");
}

async fn found(model: &dyn Model, number: u128) -> Order {
    model.order(order(number)).await.expect("a query works").expect("the order is there")
}

async fn numbers(model: &dyn Model, list: OrderQuery) -> Vec<u128> {
    let found = model.orders(OrderQuery { count: 100, ..list }).await.expect("a list");
    found.iter().map(|order| order.id.as_u128()).collect()
}

async fn lines(model: &dyn Model) -> Vec<String> {
    model.dump().await.expect("a dump")
}

async fn a_new_model_is_empty(model: &dyn Model) {
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_eq!(model.order(order(1)).await.expect("a query works"), None);
    assert_eq!(numbers(model, OrderQuery::default()).await, [0; 0]);
    let statistics = model.statistics(Within::default()).await.expect("statistics");
    assert_eq!(statistics, super::Statistics::default());
    assert!(model.balances().await.expect("balances").iter().all(|sum| sum.left == sum.right));
}

async fn products_are_copied(model: &dyn Model) {
    let known = async || model.product(LAMP).await.expect("a query works");
    apply(model, &[change(1, What::Listed(LAMP, thing("Lamp", 5)))]).await;
    assert_eq!(known().await, Some(thing("Lamp", 5)));
    let price = What::Changed { product: LAMP, name: None, price: Some(Money::from_minor(6)) };
    apply(model, &[change(2, price)]).await;
    let name = What::Changed { product: LAMP, name: Some("Light".to_owned()), price: None };
    apply(model, &[change(3, name)]).await;
    assert_eq!(known().await, Some(thing("Light", 6)));
    apply(model, &[change(4, What::Unlisted(LAMP))]).await;
    assert_eq!(known().await, None, "what is not in the catalogue cannot be ordered");
    apply(model, &[change(5, What::Listed(LAMP, thing("Lamp", 9)))]).await;
    assert_eq!(known().await, Some(thing("Lamp", 9)), "it may come back");
}

async fn customers_are_copied(model: &dyn Model) {
    apply(model, &[change(1, What::Customer { id: ADA, user: "ada".to_owned() })]).await;
    assert_eq!(model.customer("ada").await.expect("a query works"), Some(ADA));
    assert_eq!(model.customer("bob").await.expect("a query works"), None);
    assert_eq!(model.user(ADA).await.expect("a query works").as_deref(), Some("ada"));
    assert_eq!(model.user(BOB).await.expect("a query works"), None);
}

async fn what_contradicts_is_unfit(model: &dyn Model) {
    let customer =
        |position, id, user: &str| change(position, What::Customer { id, user: user.to_owned() });
    let twice = [placed(1, 1, ADA, LAMP), placed(2, 1, BOB, DESK), placed(3, 2, ADA, LAMP)];
    let name = [customer(1, ADA, "ada"), customer(2, BOB, "ada"), customer(3, BOB, "bob")];
    let id = [customer(1, ADA, "ada"), customer(2, ADA, "eve"), customer(3, BOB, "bob")];
    let listed = |position, id| change(position, What::Listed(id, thing("Thing", 5)));
    let again = [listed(1, LAMP), listed(2, LAMP), listed(3, DESK)];
    for changes in [twice, name, id, again] {
        conformance::unfit(model, &changes).await;
    }
}

fn thing(name: &str, price_minor: i64) -> Product {
    Product {
        name: name.to_owned(),
        price: Money::from_minor(price_minor),
        currency: "EUR".to_owned(),
    }
}

async fn steps_of_unknown_orders_are_passed_over(model: &dyn Model) {
    let before = lines(model).await;
    let stray = [step(1, 9, STOCK), step(2, 9, FINALIZED), step(3, 9, INVOICE)];
    model.apply(Position::START, &stray, Position::START).await.expect("the changes are taken");
    assert_eq!(lines(model).await, before);
}

async fn changes_are_told_in_order(model: &dyn Model) {
    apply(
        model,
        &[
            placed(1, 1, ADA, LAMP),
            placed(2, 2, BOB, LAMP),
            step(3, 1, STOCK),
            step(4, 2, STOCK),
            step(5, 1, DENIED),
        ],
    )
    .await;
    let told = async |customer, after, count| {
        let changes = model.changes(customer, Position(after), count).await.expect("changes");
        let told = changes.iter().map(|(step, order)| (step.position.0, order.id.as_u128()));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(None, 0, 10).await, [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1)]);
    assert_eq!(told(None, 1, 2).await, [(2, 2), (3, 1)]);
    assert_eq!(told(Some(ADA), 1, 10).await, [(3, 1), (5, 1)]);
    assert_eq!(told(Some(BOB), 4, 10).await, []);
    let changes = model.changes(Some(ADA), Position::START, 1).await.expect("changes");
    let now = changes.first().map(|(_, order)| order.state.status);
    assert_eq!(now, Some(Status::Canceled), "the order is shown as it stands now");
}

async fn statistics_count_what_was_placed(model: &dyn Model) {
    apply(
        model,
        &[
            placed(1, 1, ADA, LAMP),
            placed(2, 2, ADA, LAMP),
            placed(3, 3, ADA, LAMP),
            placed(4, 4, ADA, LAMP),
            step(5, 1, FINALIZED),
            step(10, 2, DENIED),
            step(33, 3, FINALIZED),
        ],
    )
    .await;
    let statistics = model.statistics(Within::default()).await.expect("statistics");
    assert_eq!(
        statistics.counts,
        [
            (Status::Pending, vec![], 1),
            (Status::Canceled, vec![Reason::OutOfStock, Reason::Deadline], 1),
            (Status::Finalized, vec![], 2),
        ]
    );
    let durations = statistics.durations;
    let [p50, p99, max] = [durations.p50_ms, durations.p99_ms, durations.max_ms]
        .map(|ms| Timestamp::from_micros(0) + std::time::Duration::from_secs_f64(ms / 1000.0));
    assert_eq!([p50, p99, max], [at(8), at(30), at(30)]);
    let some = Within { from: Some(at(2)), to: Some(at(3)) };
    let statistics = model.statistics(some).await.expect("statistics");
    assert_eq!(statistics.counts.len(), 1);
    let balances = model.balances().await.expect("balances");
    let sums: Vec<(i64, i64)> = balances.iter().map(|sum| (sum.left, sum.right)).collect();
    assert_eq!(sums, [(4, 4)]);
}

async fn it_does_not_matter_how_changes_came(model: &dyn Model, other: &dyn Model) {
    let changes = [
        placed(1, 1, ADA, LAMP),
        step(2, 1, STOCK),
        placed(3, 2, BOB, DESK),
        step(4, 1, APPROVED),
        step(5, 1, FINALIZED),
        step(6, 2, DENIED),
        step(7, 1, INVOICE),
    ];
    for single in &changes {
        apply(model, std::slice::from_ref(single)).await;
    }
    apply(other, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "one by one or all at once");
    model.reset().await.expect("a reset");
    assert_eq!(model.checkpoint().await.expect("a checkpoint"), Position::START);
    assert_ne!(lines(model).await, lines(other).await);
    apply(model, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "as if nothing had been");
}
