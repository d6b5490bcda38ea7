//! Load shedding: an order that could not be answered in time is refused before it is recorded.

use std::time::Duration;

use contracts::order::Reason;
use futures_util::future::join_all;
use serde_json::json;
use testing::Answer;
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

/// Open orders that are no queue, before any was answered.
const FEW: usize = 16;
/// A little more than a tenth of the deadline of 10 s.
const STILL: Duration = Duration::from_millis(1_100);

/// Whether it is the refusal of a busy shop, or else of an order that was accepted.
fn is_busy(answer: &Answer) -> bool {
    if answer.status == 202 {
        return false;
    }
    assert_eq!(
        (answer.status.as_u16(), &answer.body["type"]),
        (503, &json!("/problems/orders-busy")),
        "{answer:?}"
    );
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    true
}

impl World {
    async fn try_place(&self, person: &Person, product: Uuid) -> Answer {
        self.post("/place-order", person, json!({ "ProductId": product })).await
    }

    /// Product and customer answer an order.
    async fn answer(&self, person: &Person, product: Uuid, order: Uuid) {
        self.stock_denied(product, order, Reason::OutOfStock).await;
        self.credit_denied(person.id, order).await;
        self.settle().await;
    }

    /// As many orders of a person as are let in.
    async fn fill(&self, person: &Person, product: Uuid) -> Vec<Uuid> {
        let mut open = Vec::new();
        loop {
            let placed = self.try_place(person, product).await;
            if is_busy(&placed) {
                return open;
            }
            self.settle().await;
            open.push(id_of(&placed.body));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_refused_while_the_saga_stands_still_and_nothing_is_recorded() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let order = json!({ "ProductId": lamp });
    let first = world.keyed("/place-order", &ada, ("first", order.clone())).await;
    assert_eq!(first.status, 202);
    world.settle().await;
    tokio::time::sleep(STILL / 2).await;
    let second = world.place(&ada, lamp).await;
    tokio::time::sleep(STILL / 2).await;
    let recorded = world.events().await.len();
    assert!(is_busy(&world.try_place(&ada, lamp).await));
    let again = world.keyed("/place-order", &ada, ("first", order.clone())).await;
    assert_eq!(
        (again.status.as_u16(), &again.body),
        (202, &first.body),
        "what is placed is placed"
    );
    let wrong = world.post("/place-order", &ada, json!({ "ProductId": lamp, "Quantity": 0 })).await;
    assert_eq!(wrong.status, 422, "what is wrong is wrong, busy or not");
    assert_eq!(world.events().await.len(), recorded);

    // The oldest is answered: the next one has not waited that long.
    world.answer(&ada, lamp, id_of(&first.body)).await;
    assert!(!is_busy(&world.try_place(&ada, lamp).await));

    // An order that is never answered is denied at its deadline. Then one at a time is let in until one is answered.
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.settle().await;
    assert_eq!(world.single(&ada, id_of(&second)).await["Status"], "Canceled");
    let probe = world.place(&ada, lamp).await;
    assert!(is_busy(&world.try_place(&ada, lamp).await));
    world.answer(&ada, lamp, id_of(&probe)).await;
    assert!(world.fill(&ada, lamp).await.len() >= FEW / 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_repeated_after_its_order_has_ended_does_not_stay_inside() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let order = json!({ "ProductId": lamp });
    let first = world.keyed("/place-order", &ada, ("key", order.clone())).await;
    world.settle().await;
    world.answer(&ada, lamp, id_of(&first.body)).await;
    let again = world.keyed("/place-order", &ada, ("key", order)).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &first.body));
    tokio::time::sleep(2 * STILL).await;
    assert!(!is_busy(&world.try_place(&ada, lamp).await));
}

#[tokio::test(start_paused = true)]
async fn one_unanswered_order_does_not_keep_others_out_while_they_are_answered() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    world.place(&ada, lamp).await;
    for _ in 0..8 {
        let next = world.place(&ada, lamp).await;
        tokio::time::sleep(STILL / 2).await;
        world.answer(&ada, lamp, id_of(&next)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_part_is_one_of_the_shops_own_deadline() {
    let world = World::start_with(|config| config.deadline = Duration::from_mins(1)).await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    world.place(&ada, lamp).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.place(&ada, lamp).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(is_busy(&world.try_place(&ada, lamp).await));
}

#[tokio::test(start_paused = true)]
async fn an_order_waits_at_the_door_for_a_moment_and_comes_in_when_another_ends() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let open = world.fill(&ada, lamp).await;
    assert_eq!(open.len(), FEW, "any shop in use has so many");
    let (first, second) = (world.try_place(&ada, lamp), world.try_place(&ada, lamp));
    let third = world.try_place(&ada, lamp);
    let answering = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.answer(&ada, lamp, open[0]).await;
    };
    let (first, second, third, ()) = tokio::join!(first, second, third, answering);
    assert!(!is_busy(&first), "first come first");
    assert!(!is_busy(&second), "an answer in time makes room for one more");
    assert!(is_busy(&third));
}

#[tokio::test(start_paused = true)]
async fn orders_that_come_all_at_once_are_counted_before_they_are_recorded() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let all = join_all((0..3 * FEW).map(|_| world.try_place(&ada, lamp))).await;
    let accepted = all.iter().filter(|answer| !is_busy(answer)).count();
    assert_eq!(accepted, FEW);
}

#[tokio::test(start_paused = true)]
async fn one_customer_who_floods_does_not_keep_out_the_others() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let lamp = world.product("Lamp", 5).await;
    let mut flood = world.fill(&ada, lamp).await;
    let mut calm = vec![id_of(&world.place(&bob, lamp).await)];
    // Each time one of the flood's orders ends there is room, and it is not the flood's.
    for order in flood.drain(..FEW / 4) {
        world.answer(&ada, lamp, order).await;
        assert!(
            is_busy(&world.try_place(&ada, lamp).await),
            "more than half of the room is its own"
        );
        calm.push(id_of(&world.place(&bob, lamp).await));
    }
    // A customer alone has the whole shop again.
    for order in calm {
        world.answer(&bob, lamp, order).await;
    }
    for order in flood.drain(..) {
        world.answer(&ada, lamp, order).await;
    }
    assert!(world.fill(&ada, lamp).await.len() >= FEW / 2, "a few, fewer after late answers");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_could_not_be_recorded_leaves_its_place() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let first = world.keyed("/place-order", &ada, ("key", json!({ "ProductId": lamp }))).await;
    world.settle().await;
    world.answer(&ada, lamp, id_of(&first.body)).await;
    for _ in 0..2 * FEW {
        let other = json!({ "ProductId": lamp, "Quantity": 2 });
        let refused = world.keyed("/place-order", &ada, ("key", other)).await;
        assert_eq!(refused.status, 422, "{refused:?}");
    }
    assert!(world.fill(&ada, lamp).await.len() >= FEW);
}
