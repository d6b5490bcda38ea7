//! An order's story as it is drawn: from recorded causes alone.

use std::time::Duration;

use contracts::rest::{
    order::Step,
    story::{Cause, Story},
};
use kernel::{Position, Timestamp};
use serde_json::Map;

const ANN: &str = "customer:ann";
const DEADLINE: &str = "reactor:order-deadline";

/// Steps a millisecond apart at positions from 1: type, actor, cause.
fn story(steps: &[(&str, &str, Option<u64>)]) -> Story {
    let step = |(at, (event, actor, cause)): (u32, &(&str, &str, Option<u64>))| Step {
        event: (*event).to_owned(),
        service: event.split('.').next().unwrap_or_default().to_owned(),
        actor: (*actor).to_owned(),
        at: Timestamp::from_micros(i64::from(at) * 1000),
        position: Position(u64::from(at)),
        cause: cause.map(Position),
        details: Map::new(),
    };
    let mut steps: Vec<Step> = (1..).zip(steps).map(step).collect();
    steps.reverse();
    Story::new(steps)
}

#[test]
fn every_step_follows_from_what_was_recorded_as_its_cause() {
    let story = story(&[
        ("order.placed", ANN, None),
        ("customer.credit-reserved", "reactor:customer", Some(1)),
        ("order.denied", DEADLINE, None),
        ("customer.credit-released", "reactor:customer", Some(3)),
        // What product reserved too late is released because of that very answer: no pattern of types says so.
        ("product.stock-reserved", "reactor:product", Some(1)),
        ("product.stock-released", "reactor:product", Some(5)),
        ("loyalty.points-granted", "reactor:loyalty", Some(900)),
        ("loyalty.swept", "reactor:loyalty", None),
    ]);
    let causes: Vec<_> = (0..9).map(|index| story.cause(index)).collect();
    assert_eq!(
        causes,
        [
            Cause::Request,
            Cause::Step(0),
            Cause::Deadline,
            Cause::Step(2),
            Cause::Step(0),
            Cause::Step(4),
            Cause::Elsewhere(Position(900)),
            Cause::Itself,
            Cause::Request,
        ]
    );
    let services = ["order", "product", "customer", "accounting", "loyalty"];
    assert_eq!(story.services(), services);
    let arrows: Vec<_> = (0..8).map(|index| story.arrow(index)).collect();
    let [order, product, customer, loyalty] = [0, 1, 2, 4];
    assert_eq!(
        arrows,
        [
            (None, order),
            (Some(order), customer),
            (Some(order), order),
            (Some(order), customer),
            (Some(order), product),
            (Some(product), product),
            (Some(loyalty), loyalty),
            (Some(loyalty), loyalty),
        ]
    );
    assert_eq!(story.took(4), Some(Duration::from_millis(4)));
    assert_eq!((story.took(2), story.took(6)), (None, None));
    assert_eq!(
        (story.after(2), story.total()),
        (Duration::from_millis(2), Duration::from_millis(7))
    );
    assert_eq!(story.requester(), ANN);
}

#[test]
fn without_recorded_causes_nothing_is_guessed() {
    let story = story(&[
        ("order.placed", ANN, None),
        ("product.stock-reserved", "reactor:product", None),
        ("order.approved", "reactor:order", None),
    ]);
    let causes: Vec<_> = (0..3).map(|index| story.cause(index)).collect();
    assert_eq!(causes, [Cause::Request, Cause::Itself, Cause::Itself]);
}

#[test]
fn a_decision_followed_from_both_answers_and_nothing_else_from_two() {
    let story = story(&[
        ("order.placed", ANN, None),
        ("customer.credit-reserved", "reactor:customer", Some(1)),
        ("loyalty.points-promised", "reactor:loyalty", Some(2)),
        ("product.stock-reserved", "reactor:product", Some(1)),
        ("order.approved", "reactor:order", Some(4)),
        ("order.finalized", "reactor:order", Some(4)),
        ("product.stock-committed", "reactor:product", Some(6)),
    ]);
    let from: Vec<_> = (0..7).map(|index| story.followed_from(index)).collect();
    assert_eq!(from, [vec![], vec![0], vec![1], vec![0], vec![1, 3], vec![1, 3], vec![5]]);
}

#[test]
fn an_answer_taken_up_late_is_joined_with_the_one_that_was_recorded_after_it() {
    let story = story(&[
        ("order.placed", ANN, None),
        ("customer.credit-reserved", "reactor:customer", Some(1)),
        ("product.stock-denied", "reactor:product", Some(1)),
        ("order.denied", "reactor:order", Some(2)),
    ]);
    assert_eq!(story.followed_from(3), [1, 2]);
}
