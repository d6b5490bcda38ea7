//! The whole path: register, log in, look, be given credit, have it reserved and spent.

use serde_json::json;

use crate::harness::World;

#[tokio::test(start_paused = true)]
async fn a_customer_registers_logs_in_and_spends_what_a_manager_grants() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let user = world.get("/get-user/ada", Some(&ada)).await;
    assert_eq!(user.status, 200);
    assert_eq!(
        user.body,
        json!({
            "UserName": "ada", "FullName": "ada of Test", "Email": "ada@example.com", "Role": "customer",
            "Credit": 100.00, "Reserved": 0.00, "Available": 100.00, "Version": 1,
        })
    );

    let manager = world.manager().await;
    let change = json!({ "UserName": "ada", "Credit": "150.50", "Version": 1 });
    let granted = world.post("/set-credit", Some(&manager), change).await;
    assert_eq!((granted.status.as_u16(), &granted.body["Credit"]), (200, &json!(150.50)));

    let (kept, dropped) = (world.order("ada", 10_000), world.order("ada", 5000));
    world.place(&kept).await;
    world.place(&dropped).await;
    let credit = world.get("/get-credit", Some(&ada)).await;
    assert_eq!(
        credit.body,
        json!({ "UserName": "ada", "Credit": 150.50, "Reserved": 150.00, "Available": 0.50 })
    );
    world.finalize(&kept).await;
    world.deny(&dropped).await;
    let credit = world.get("/get-credit?UserName=ada", Some(&manager)).await;
    assert_eq!(
        credit.body,
        json!({ "UserName": "ada", "Credit": 50.50, "Reserved": 0.00, "Available": 50.50 })
    );
    let model = world.service.model.clone().expect("a model");
    for balance in model.balances().await.expect("balances") {
        assert_eq!(balance.left, balance.right, "{}", balance.name);
    }
}
