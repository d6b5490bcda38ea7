//! Lists of orders: what is in them, in which order, and page by page.

use contracts::order::lifecycle::Status;
use kernel::Position;

use super::{
    ADA, APPROVED, BOB, DENIED, DESK, FINALIZED, LAMP, apply, at, channel, found, numbers, placed,
    step,
};
use crate::model::{Model, OrderQuery, Sort, Within};

pub(super) async fn they_are_filtered_and_paged(model: &dyn Model) {
    apply(
        model,
        &[
            placed(1, 1, ADA, LAMP),
            placed(2, 2, BOB, LAMP),
            placed(3, 3, ADA, DESK),
            placed(4, 4, ADA, LAMP),
            step(5, 1, DENIED),
            step(6, 3, FINALIZED),
            step(7, 4, APPROVED),
        ],
    )
    .await;
    let all = OrderQuery::default;
    assert_eq!(numbers(model, all()).await, [4, 3, 2, 1], "newest first");
    assert_eq!(numbers(model, OrderQuery { customer: Some(ADA), ..all() }).await, [4, 3, 1]);
    assert_eq!(numbers(model, OrderQuery { product: Some(LAMP), ..all() }).await, [4, 2, 1]);
    for (status, expected) in [
        (Status::Pending, [2]),
        (Status::Canceled, [1]),
        (Status::Approved, [4]),
        (Status::Finalized, [3]),
    ] {
        assert_eq!(numbers(model, OrderQuery { status: Some(status), ..all() }).await, expected);
    }
    for number in 1..=4 {
        let list = OrderQuery { channel: Some(channel(number)), ..all() };
        assert_eq!(numbers(model, list).await, [number]);
        assert_eq!(found(model, number).await.channel, channel(number));
    }
    assert_eq!(numbers(model, OrderQuery { running: Some(false), ..all() }).await, [0; 0]);
    let within = Within { from: Some(at(2)), to: Some(at(4)) };
    assert_eq!(numbers(model, OrderQuery { placed: within, ..all() }).await, [3, 2]);
    let ours = OrderQuery { customer: Some(ADA), product: Some(LAMP), ..all() };
    assert_eq!(numbers(model, OrderQuery { after: Some(Position(4)), ..ours }).await, [1]);
    let oldest = || OrderQuery { sort: Sort::Oldest, ..all() };
    assert_eq!(numbers(model, oldest()).await, [1, 2, 3, 4], "oldest first");
    let behind = OrderQuery { after: Some(Position(2)), running: Some(true), ..oldest() };
    assert_eq!(numbers(model, behind).await, [3, 4]);
    let page = model.orders(OrderQuery { count: 2, ..all() }).await.expect("a list");
    assert_eq!(page.len(), 2);
    let counted = async |list: OrderQuery| model.count_orders(list).await.expect("a number");
    assert_eq!(counted(OrderQuery { count: 9, ..all() }).await, 4);
    assert_eq!(counted(OrderQuery { count: 3, ..all() }).await, 3, "no further than asked for");
    assert_eq!(
        counted(OrderQuery { count: 9, customer: Some(ADA), product: Some(LAMP), ..all() }).await,
        2
    );
    assert_eq!(
        counted(OrderQuery { count: 9, status: Some(Status::Pending), placed: within, ..all() })
            .await,
        1
    );
    assert_eq!(counted(OrderQuery { count: 9, running: Some(false), ..all() }).await, 0);
}

pub(super) async fn the_longest_come_first(model: &dyn Model) {
    apply(
        model,
        &[
            placed(1, 1, ADA, LAMP),
            placed(2, 2, BOB, LAMP),
            placed(3, 3, ADA, DESK),
            placed(4, 4, ADA, LAMP),
            step(5, 2, DENIED),
            step(6, 3, FINALIZED),
            step(7, 4, DENIED),
            step(9, 1, APPROVED),
        ],
    )
    .await;
    let longest = || OrderQuery { sort: Sort::Longest, ..OrderQuery::default() };
    assert_eq!(numbers(model, longest()).await, [1, 4, 3, 2], "of two as long, the newer first");
    for (after, behind) in [(1, &[4, 3, 2][..]), (4, &[3, 2]), (3, &[2]), (2, &[]), (9, &[])] {
        let list = OrderQuery { after: Some(Position(after)), ..longest() };
        assert_eq!(numbers(model, list).await, behind, "behind the order placed at {after}");
    }
    let denied = OrderQuery { status: Some(Status::Canceled), ..longest() };
    assert_eq!(numbers(model, denied.clone()).await, [4, 2]);
    let page = model.orders(OrderQuery { count: 1, ..denied }).await.expect("a list");
    assert_eq!(page.len(), 1);
}

pub(super) async fn orders_are_found_by_a_part_of_their_id(model: &dyn Model) {
    let (one, other) = (0xabcd << 112 | 0x5e7b_2954, 0xabcd << 112 | 0x1e7b_2954);
    apply(model, &[placed(1, one, ADA, LAMP), placed(2, other, BOB, LAMP)]).await;
    let fitting = async |digits: &str, customer, count| {
        let found =
            model.orders_by_digits(digits.to_owned(), customer, count).await.expect("orders");
        found.iter().map(|order| order.id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(fitting("5e7b2954", None, 9).await, [one]);
    assert_eq!(fitting("2954", None, 9).await, [other, one], "newest first");
    assert_eq!(fitting("2954", Some(ADA), 9).await, [one]);
    assert_eq!(fitting("abcd0000", None, 1).await, [other]);
    assert_eq!(fitting("5e7b", None, 9).await, [one], "the beginning of its number");
    assert_eq!(fitting("cd00", None, 9).await, [0_u128; 0], "the middle is no name");
}
