//! The manager who is there from the first start on.

use customer::{Admin, NewPassword};

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
    assert_eq!(shop.kinds("admin").await, ["customer.registered"]);
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
    let ends = ends.iter().filter_map(|event| contracts::customer::session_end(event)).count();
    assert_eq!(ends, 1, "tokens of the old password are void for everybody: {token}");
}
