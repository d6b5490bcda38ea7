//! The steps of an order: whose they are, what they lead to, and in which order they are listed.

use contracts::{
    accounting::AccountingEvent,
    customer::CustomerEvent,
    order::{
        OrderEvent,
        lifecycle::{CreditStatus, Stage, Status, StockStatus},
    },
    product::ProductEvent,
};
use kernel::Position;

use super::{
    ADA, APPROVED, BOB, DENIED, DESK, FINALIZED, INVOICE, Kind, LAMP, STOCK, apply, at, change,
    correlation, found, lines, numbers, order, placed, step,
};
use crate::model::{Change, Model, Order, OrderQuery, OrderState, What, Whose};

const DEBITED: Kind = Kind(CustomerEvent::CREDIT_DEBITED, "{}");

/// A step by a service that this one does not know: the order it names, its cause, and the order whose correlation it has.
fn following(position: u64, named: Option<u128>, cause: Option<u64>, correlated: u128) -> Change {
    let mut change = step(position, 0, Kind("loyalty.points-granted", r#"{"points":3}"#));
    if let What::Happened(happened) = &mut change.what {
        let correlation = correlation(correlated);
        happened.whose = Whose::Following { named: named.map(order), correlation };
        happened.cause = cause.map(Position);
    }
    change
}

pub(super) async fn an_order_follows_its_steps(model: &dyn Model) {
    apply(model, &[change(1, What::Customer { id: ADA, user: "ada".to_owned() })]).await;
    apply(model, &[placed(2, 1, ADA, LAMP)]).await;
    let new = found(model, 1).await;
    assert_eq!((new.id, new.customer, &*new.user, new.product), (order(1), ADA, "ada", LAMP));
    assert_eq!((new.quantity, new.price.minor(), new.placed), (2, 1999, Position(2)));
    assert_eq!(new.state, OrderState::placed(at(2)));
    apply(model, &[step(3, 1, STOCK)]).await;
    assert_eq!(found(model, 1).await.state.stock, StockStatus::Reserved);
    apply(model, &[step(4, 1, APPROVED)]).await;
    assert_eq!(found(model, 1).await.state.status, Status::Approved);
    apply(model, &[step(5, 1, FINALIZED), step(6, 1, DEBITED)]).await;
    apply(model, &[step(8, 1, INVOICE)]).await;
    let ended = found(model, 1).await;
    let state = &ended.state;
    assert_eq!((state.status, state.credit), (Status::Finalized, CreditStatus::Debited));
    assert_eq!((state.invoice, state.updated_at), (Some(7), at(8)));

    let history = model.history(order(1), Position::START, 100).await.expect("a history");
    let positions: Vec<u64> = history.iter().map(|step| step.position.0).collect();
    assert_eq!(positions, [2, 3, 4, 5, 6, 8]);
    let causes: Vec<Option<u64>> = history.iter().map(|step| Some(step.cause?.0)).collect();
    assert_eq!(causes, [None, Some(2), Some(3), Some(4), Some(5), Some(7)]);
    let services: Vec<&str> = history.iter().map(|step| step.service.as_str()).collect();
    assert_eq!(services, ["order", "product", "order", "order", "customer", "accounting"]);
    let after = |steps: usize| {
        history.iter().take(steps).fold(ended.clone().into_placed(), |mut order, step| {
            order.take(step);
            order
        })
    };
    assert_eq!(after(history.len()), ended, "the history leads to where it stands");
    let earlier = after(2);
    assert_eq!(
        (earlier.state.status, earlier.state.stock),
        (Status::Pending, StockStatus::Reserved)
    );
    let page = model.history(order(1), Position(3), 2).await.expect("a history");
    let positions: Vec<u64> = page.iter().map(|step| step.position.0).collect();
    assert_eq!(positions, [4, 5]);
}

/// The positions of an order's steps.
async fn steps(model: &dyn Model, number: u128) -> Vec<u64> {
    let history = model.history(order(number), Position::START, 100).await.expect("a history");
    history.iter().map(|step| step.position.0).collect()
}

pub(super) async fn what_follows_from_an_order_is_a_step_of_it(
    model: &dyn Model,
    other: &dyn Model,
) {
    let changes = [
        following(1, Some(1), None, 1),
        placed(2, 1, ADA, LAMP),
        placed(3, 2, BOB, DESK),
        step(4, 1, FINALIZED),
        following(5, None, Some(4), 7),
        following(6, None, Some(5), 7),
        following(7, None, None, 1),
        following(8, Some(2), Some(4), 1),
        following(9, Some(9), Some(4), 2),
        following(10, None, Some(1), 2),
        following(11, Some(9), Some(1), 3),
        following(12, None, Some(12), 3),
    ];
    for single in &changes {
        apply(model, std::slice::from_ref(single)).await;
    }
    apply(other, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "one by one or all at once");
    assert_eq!(steps(model, 1).await, [2, 4, 5, 6, 7, 9], "by cause, or else by correlation");
    assert_eq!(steps(model, 2).await, [3, 8, 10], "by name first; a cause that is no step is none");
    let told = model.changes(Some(ADA), Position(6), 1).await.expect("changes");
    let (step, order) = told.first().expect("the order has changed");
    assert_eq!((&*step.service, &*step.kind), ("loyalty", "loyalty.points-granted"));
    assert_eq!((&*step.details, step.cause), (r#"{"points":3}"#, None));
    assert_eq!(order.state.status, Status::Finalized);
    assert_eq!(order.state.updated_at, at(9), "it has changed with its last step");
}

/// Two orders were placed by requests of one id.
pub(super) async fn a_shared_correlation_says_nothing(model: &dyn Model, other: &dyn Model) {
    let changes = [
        placed(1, 1, ADA, LAMP),
        following(2, None, None, 1),
        placed(3, 11, BOB, LAMP),
        following(4, None, None, 1),
        following(5, None, Some(1), 1),
        following(6, None, Some(3), 1),
        following(7, Some(11), Some(1), 1),
    ];
    for single in &changes {
        apply(model, std::slice::from_ref(single)).await;
    }
    apply(other, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "one by one or all at once");
    assert_eq!(steps(model, 1).await, [1, 2, 5]);
    assert_eq!(steps(model, 11).await, [3, 6, 7]);
}

/// Only forged events do this: further endings of an order that has ended.
pub(super) async fn an_order_ends_once(model: &dyn Model, other: &dyn Model) {
    let changes = [
        placed(1, 1, ADA, LAMP),
        placed(2, 2, ADA, LAMP),
        step(3, 1, FINALIZED),
        step(4, 2, DENIED),
        step(5, 1, FINALIZED),
        step(6, 1, DENIED),
        step(7, 2, APPROVED),
        step(8, 2, FINALIZED),
    ];
    for single in &changes {
        apply(model, std::slice::from_ref(single)).await;
    }
    apply(other, &changes).await;
    assert_eq!(lines(model).await, lines(other).await, "one by one or all at once");
    let (first, second) = (found(model, 1).await.state, found(model, 2).await.state);
    assert_eq!((first.status, second.status), (Status::Finalized, Status::Canceled));
    for number in [1, 2] {
        let ended = found(model, number).await;
        let history = model.history(ended.id, Position::START, 100).await.expect("a history");
        let mut again = ended.clone().into_placed();
        for step in &history {
            again.take(step);
        }
        assert_eq!(again, ended, "the history leads to where it stands");
    }
    let balances = model.balances().await.expect("balances");
    assert!(balances.iter().all(|sum| sum.left == sum.right), "{balances:?}");
}

pub(super) async fn running_orders_are_those_that_have_not_ended(model: &dyn Model) {
    let ways: [&[&'static str]; 8] = [
        &[],
        &[ProductEvent::STOCK_RESERVED, CustomerEvent::CREDIT_DENIED],
        &[OrderEvent::FINALIZED, ProductEvent::STOCK_COMMITTED, CustomerEvent::CREDIT_DEBITED],
        &[
            OrderEvent::FINALIZED,
            ProductEvent::STOCK_COMMITTED,
            CustomerEvent::CREDIT_DEBITED,
            AccountingEvent::INVOICE_ISSUED,
        ],
        &[OrderEvent::DENIED],
        &[OrderEvent::DENIED, ProductEvent::STOCK_RELEASED, CustomerEvent::CREDIT_RESERVED],
        &[ProductEvent::STOCK_DENIED, CustomerEvent::CREDIT_DENIED, OrderEvent::DENIED],
        &[OrderEvent::DENIED, ProductEvent::STOCK_RELEASED, CustomerEvent::CREDIT_RELEASED],
    ];
    let mut changes = Vec::new();
    for (number, way) in (1..).zip(ways) {
        changes.push(placed(changes.len() as u64 + 1, number, ADA, LAMP));
        for kind in way {
            let details = if *kind == AccountingEvent::INVOICE_ISSUED {
                r#"{"InvoiceNumber":7}"#
            } else {
                "{}"
            };
            changes.push(step(changes.len() as u64 + 1, number, Kind(kind, details)));
        }
    }
    apply(model, &changes).await;
    let found =
        model.orders(OrderQuery { count: 100, ..OrderQuery::default() }).await.expect("a list");
    assert_eq!(found.len(), ways.len());
    for running in [true, false] {
        let is = |order: &&Order| {
            let OrderState { status, stock, credit, invoice, .. } = order.state;
            Stage { status, stock, credit, invoiced: invoice.is_some() }.has_ended() != running
        };
        let expected: Vec<_> = found.iter().filter(is).map(|order| order.id.as_u128()).collect();
        let list = OrderQuery { running: Some(running), ..OrderQuery::default() };
        assert_eq!(numbers(model, list).await, expected, "running: {running}");
        assert!(!expected.is_empty());
    }
}
