//! The calls: points as they are earned and redeemed, who may see them, and what is refused.

use identity::Role::{Customer, Manager};
use serde_json::json;
use testing::ADA;

use crate::harness::{EVE, World};

#[tokio::test]
async fn finalized_orders_earn_whole_units_and_rewards() {
    let world = World::start().await;
    let none = json!({"UserName": "ada", "Points": 0, "Earned": 0, "Redeemed": 0, "Rewards": 0});
    assert_eq!(world.get(Customer, "/get-points").await.expect(200), none);
    world.final_order(1, ADA, 99).await;
    assert_eq!(world.get(Customer, "/get-points").await.expect(200), none);
    world.final_order(2, ADA, 25_099).await;
    world.final_order(3, EVE, 700).await;
    let some =
        json!({"UserName": "ada", "Points": 250, "Earned": 250, "Redeemed": 0, "Rewards": 2});
    assert_eq!(world.get(Customer, "/get-points").await.expect(200), some);
    assert_eq!(world.get(Manager, "/get-points?UserName=ada").await.expect(200), some);
    let eve = world.get(Manager, "/get-points?UserName=eve").await.expect(200);
    assert_eq!((&eve["Points"], &eve["Rewards"]), (&json!(7), &json!(0)));
}

#[tokio::test]
async fn points_are_for_their_customer_and_for_managers() {
    let world = World::start().await;
    world.settle().await;
    world.get(Customer, "/get-points?UserName=ada").await.expect(200);
    world.get(Customer, "/get-points?UserName=eve").await.expect(403);
    world.get(Manager, "/get-points?UserName=nobody").await.expect(404);
    world.get(Manager, "/get-points?Who=ada").await.expect(422);
}

#[tokio::test]
async fn redeeming_takes_points_once_however_often_it_is_sent() {
    let world = World::start().await;
    world.final_order(1, ADA, 12_000).await;
    let first = world.redeem("one", &json!({"Points": 50})).await.expect(200);
    assert_eq!(first, json!({"UserName": "ada", "Redeemed": 50, "Points": 70}));
    let second = world.redeem("two", &json!({"Points": 20})).await.expect(200);
    assert_eq!(second["Points"], 50);
    // The first answer again, though there are fewer points by now.
    assert_eq!(world.redeem("one", &json!({"Points": 50})).await.expect(200), first);
    world.redeem("one", &json!({"Points": 51})).await.expect(422);
    let refused = world.redeem("three", &json!({"Points": 51})).await.expect(409);
    assert_eq!(
        (&refused["type"], &refused["Points"]),
        (&json!("/problems/not-enough-points"), &json!(50))
    );
    for wrong in [
        json!({"Points": 0}),
        json!({"Points": 1_000_001}),
        json!({}),
        json!({"Points": 1, "For": 2}),
    ] {
        world.redeem("four", &wrong).await.expect(422);
    }
    let points = world.get(Customer, "/get-points").await.expect(200);
    let left =
        json!({"UserName": "ada", "Points": 50, "Earned": 120, "Redeemed": 70, "Rewards": 1});
    assert_eq!(points, left);
}
