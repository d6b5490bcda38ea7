//! The manager created at the first start, and the check that the secret is this shop's.

use std::sync::Arc;

use contracts::customer::{CustomerEvent, Personal, Registered, Role, stream};
use contracts::money::Money;
use customer::{Admin, NewPassword, Secrets};
use serde_json::json;
use web::Service;

use crate::harness::{ADMIN_PASSWORD, World};

#[tokio::test(start_paused = true)]
async fn the_first_start_makes_up_a_password_that_holds_from_then_on() {
    let world = World::start_with(|config| config.admin_password = None).await;
    let Admin::Created { generated: Some(generated) } = &world.admin else {
        panic!("a password is made up");
    };
    let password = generated.expose().to_owned();
    let token = world.log_in("admin", &password).await;
    assert_eq!(world.get("/get-all-users", Some(&token)).await.status, 200);
    let world = world.reopened_with(|config| config.admin_password = None).await;
    assert!(matches!(world.admin, Admin::Unchanged));
    world.log_in("admin", &password).await;
    assert_eq!(world.kinds_of("admin").await, ["customer.registered"]);
}

#[tokio::test(start_paused = true)]
async fn a_given_password_is_in_force_from_that_start_on() {
    let world = World::start().await;
    assert!(matches!(world.admin, Admin::Created { generated: None }));
    let token = world.manager().await;
    let world = world.reopened_with(|_| {}).await;
    assert!(matches!(world.admin, Admin::Unchanged), "it is in force already");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let other = NewPassword::parse("another password".to_owned()).ok();
    let world = world.reopened_with(|config| config.admin_password = other).await;
    assert!(matches!(world.admin, Admin::PasswordChanged));
    assert_eq!(world.try_log_in("admin", ADMIN_PASSWORD).await.status, 401);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.log_in("admin", "another password").await;
    let ends = world.events().await;
    let ends = ends
        .iter()
        .filter_map(|event| contracts::customer::session_end(event).expect("it parses"))
        .count();
    assert_eq!(ends, 1, "tokens of the old password are void everywhere: {token}");
}

#[tokio::test(start_paused = true)]
async fn under_another_secret_nothing_is_written_and_nobody_is_registered() {
    let world = World::start().await;
    let before = world.events().await.len();
    let world = world.reopened_with(|config| config.secrets = other_secrets()).await;
    assert!(matches!(world.admin, Admin::Refused));
    assert!(Service::ready(&world.service.followers).is_err(), "it is never ready");
    let eve = json!({ "UserName": "eve", "Password": "eve's password", "FullName": "Eve", "Email": "eve@example.invalid" });
    assert_eq!(world.post("/add-user", None, eve).await.status, 503);
    assert_eq!(world.events().await.len(), before);
    let world = world.reopened_with(|_| {}).await;
    assert!(matches!(world.admin, Admin::Unchanged));
    world.manager().await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_in_which_another_secret_has_registered_a_manager_opens_with_its_own() {
    let world = World::start().await;
    let others = other_secrets();
    let customer = others.customer_id("admin");
    let registered = CustomerEvent::Registered(Registered {
        customer,
        personal: Personal {
            user: Some("admin".to_owned()),
            full_name: Some("Manager".to_owned()),
            email: None,
        },
        password: "sealed under another secret".to_owned(),
        role: Role::Manager,
        credit: Money::ZERO,
    });
    world.record(stream(customer), &registered).await;
    let world = world.reopened_with(|_| {}).await;
    assert!(matches!(world.admin, Admin::Unchanged));
    let token = world.manager().await;
    let all = world.get("/get-all-users", Some(&token)).await;
    assert_eq!(all.body["Items"].as_array().map(Vec::len), Some(1), "{all:?}");
    world.customer("lea").await;
    // The secret that did the damage is refused, though a manager was registered under it.
    let world = world.reopened_with(move |config| config.secrets = others).await;
    assert!(matches!(world.admin, Admin::Refused));
}

fn other_secrets() -> Arc<Secrets> {
    Arc::new(Secrets::derive(&[8; 32]))
}

#[tokio::test(start_paused = true)]
async fn a_password_set_in_the_shop_outlives_the_setting_that_was_there_before() {
    let world = World::start().await;
    let change = |from: &str, to: &str| json!({ "UserName": "admin", "Password": to, "CurrentPassword": from });
    let manager = world.manager().await;
    let changed =
        world.post("/update-user", Some(&manager), change(ADMIN_PASSWORD, "set in the shop"));
    assert_eq!(changed.await.status, 200);
    // The same setting, left behind: at every start.
    let mut world = world;
    for _ in 0..2 {
        world = world.reopened_with(|_| {}).await;
        assert!(matches!(world.admin, Admin::Superseded));
        assert_eq!(world.try_log_in("admin", ADMIN_PASSWORD).await.status, 401);
        world.log_in("admin", "set in the shop").await;
    }
    // Another one resets it, once; then the first one is another one again.
    let given = |text: &str| NewPassword::parse(text.to_owned()).ok();
    let world =
        world.reopened_with(|config| config.admin_password = given("a reset password")).await;
    assert!(matches!(world.admin, Admin::PasswordChanged));
    let world =
        world.reopened_with(|config| config.admin_password = given("a reset password")).await;
    assert!(matches!(world.admin, Admin::Unchanged));
    let world = world.reopened_with(|_| {}).await;
    assert!(matches!(world.admin, Admin::PasswordChanged));
    world.log_in("admin", ADMIN_PASSWORD).await;
}
