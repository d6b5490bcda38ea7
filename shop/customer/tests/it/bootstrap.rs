//! The manager created at the first start, and the check that the secret is this shop's.

use std::sync::Arc;

use contracts::customer::{CustomerEvent, Personal, Registered, Role, stream};
use contracts::money::Money;
use customer::{Admin, NewPassword, Secrets};
use serde_json::json;
use web::Service;

use crate::harness::{ADMIN_PASSWORD, Shop};

#[tokio::test(start_paused = true)]
async fn the_first_start_makes_up_a_password_that_holds_from_then_on() {
    let shop = Shop::open_with(|config| config.admin_password = None).await;
    let Admin::Created { generated: Some(generated) } = &shop.admin else {
        panic!("a password is made up");
    };
    let password = generated.expose().to_owned();
    let token = shop.log_in("admin", &password).await;
    assert_eq!(shop.get("/get-all-users", Some(&token)).await.status, 200);
    let shop = shop.reopen_with(|config| config.admin_password = None).await;
    assert!(matches!(shop.admin, Admin::Unchanged));
    shop.log_in("admin", &password).await;
    assert_eq!(shop.kinds_of("admin").await, ["customer.registered"]);
}

#[tokio::test(start_paused = true)]
async fn a_given_password_is_in_force_from_that_start_on() {
    let shop = Shop::open().await;
    assert!(matches!(shop.admin, Admin::Created { generated: None }));
    let token = shop.manager().await;
    let shop = shop.reopen_with(|_| {}).await;
    assert!(matches!(shop.admin, Admin::Unchanged), "it is in force already");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let other = NewPassword::parse("another password".to_owned()).ok();
    let shop = shop.reopen_with(|config| config.admin_password = other).await;
    assert!(matches!(shop.admin, Admin::PasswordChanged));
    assert_eq!(shop.try_log_in("admin", ADMIN_PASSWORD).await.status, 401);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    shop.log_in("admin", "another password").await;
    let ends = shop.events().await;
    let ends = ends
        .iter()
        .filter_map(|event| contracts::customer::session_end(event).expect("it parses"))
        .count();
    assert_eq!(ends, 1, "tokens of the old password are void everywhere: {token}");
}

#[tokio::test(start_paused = true)]
async fn under_another_secret_nothing_is_written_and_nobody_is_registered() {
    let shop = Shop::open().await;
    let before = shop.events().await.len();
    let shop = shop.reopen_with(|config| config.secrets = other_secrets()).await;
    assert!(matches!(shop.admin, Admin::Refused));
    assert!(Service::ready(&shop.service.followers).is_err(), "it is never ready");
    let eve = json!({ "UserName": "eve", "Password": "eve's password", "FullName": "Eve", "Email": "eve@example.invalid" });
    assert_eq!(shop.post("/add-user", None, eve).await.status, 503);
    assert_eq!(shop.events().await.len(), before);
    let shop = shop.reopen_with(|_| {}).await;
    assert!(matches!(shop.admin, Admin::Unchanged));
    shop.manager().await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_in_which_another_secret_has_registered_a_manager_opens_with_its_own() {
    let shop = Shop::open().await;
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
    shop.record(stream(customer), &registered).await;
    let shop = shop.reopen_with(|_| {}).await;
    assert!(matches!(shop.admin, Admin::Unchanged));
    let token = shop.manager().await;
    let all = shop.get("/get-all-users", Some(&token)).await;
    assert_eq!(all.body["Items"].as_array().map(Vec::len), Some(1), "{all:?}");
    shop.customer("lea").await;
    // The secret that did the damage is refused, though a manager was registered under it.
    let shop = shop.reopen_with(move |config| config.secrets = others).await;
    assert!(matches!(shop.admin, Admin::Refused));
}

fn other_secrets() -> Arc<Secrets> {
    Arc::new(Secrets::derive(&[8; 32]))
}

#[tokio::test(start_paused = true)]
async fn a_password_set_in_the_shop_outlives_the_setting_that_was_there_before() {
    let shop = Shop::open().await;
    let change = |from: &str, to: &str| json!({ "UserName": "admin", "Password": to, "CurrentPassword": from });
    let manager = shop.manager().await;
    let changed =
        shop.post("/update-user", Some(&manager), change(ADMIN_PASSWORD, "set in the shop"));
    assert_eq!(changed.await.status, 200);
    // The same setting, left behind: at every start.
    let mut shop = shop;
    for _ in 0..2 {
        shop = shop.reopen_with(|_| {}).await;
        assert!(matches!(shop.admin, Admin::Superseded));
        assert_eq!(shop.try_log_in("admin", ADMIN_PASSWORD).await.status, 401);
        shop.log_in("admin", "set in the shop").await;
    }
    // Another one resets it, once; then the first one is another one again.
    let given = |text: &str| NewPassword::parse(text.to_owned()).ok();
    let shop = shop.reopen_with(|config| config.admin_password = given("a reset password")).await;
    assert!(matches!(shop.admin, Admin::PasswordChanged));
    let shop = shop.reopen_with(|config| config.admin_password = given("a reset password")).await;
    assert!(matches!(shop.admin, Admin::Unchanged));
    let shop = shop.reopen_with(|_| {}).await;
    assert!(matches!(shop.admin, Admin::PasswordChanged));
    shop.log_in("admin", ADMIN_PASSWORD).await;
}
