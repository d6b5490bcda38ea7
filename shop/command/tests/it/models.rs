//! The shop with its read models on servers: Redis, PostgreSQL and what speaks CouchDB's protocol.

use futures_util::future::join_all;
use servers::{CouchDb, Postgres, Redis};
use tokio::process::Command;

use crate::{
    run::{Ran, output, program},
    shop::Folder,
};

/// Of every service the tool says that its model equals one rebuilt.
#[track_caller]
fn all_equal(checked: &Ran) {
    let equal = checked.stdout.matches("equals a model rebuilt").count();
    assert_eq!(equal, registry::SERVICES.len(), "{}", checked.stdout);
}

#[tokio::test]
async fn a_shop_whose_models_are_on_servers_equals_one_rebuilt_and_survives_a_kill() {
    let (mut redis, mut postgres) =
        (Redis::start().expect("a server"), Postgres::start().expect("a server"));
    let mut couchdb = CouchDb::start_ours().expect("a server");
    let models = [
        ("AGORA_CUSTOMER_MODEL", redis.url()),
        ("AGORA_ORDER_MODEL", postgres.url()),
        ("AGORA_ACCOUNTING_MODEL", format!("{}/books", couchdb.url())),
    ];
    let folder = Folder::new();
    let on_servers = |command: &mut Command| {
        command.envs(models.clone());
    };
    let shop = folder.up_with(on_servers).await;
    let manager = shop.manager().await;
    manager.add_customers(&["lea"], "1000").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 3)).await.remove(0);
    join_all((0..5).map(|_| manager.order(&lamp, "lea"))).await;
    manager.ended_orders().await;
    let checked = shop.tool(&["rebuild", "--check"]).await.expect_code(0);
    all_equal(&checked);
    // Rebuilt while they serve; then the ones before serve again, and at last only the new ones are left.
    let all = |option| ["rebuild", "customer", "order", "accounting", option];
    let live = shop.tool(&all("--live")).await.expect_code(0);
    assert_eq!(live.stdout.matches("equals the model before").count(), 3, "{}", live.stdout);
    shop.tool(&all("--back")).await.expect_code(0);
    all_equal(&shop.tool(&["rebuild", "--check"]).await.expect_code(0));
    shop.tool(&all("--back")).await.expect_code(0);
    shop.tool(&all("--drop")).await.expect_code(0);
    join_all((0..2).map(|_| manager.order(&lamp, "lea"))).await;
    manager.ended_orders().await;
    all_equal(&shop.tool(&["rebuild", "--check"]).await.expect_code(0));

    let folder = shop.kill().await;
    redis.restart().expect("it starts again");
    postgres.restart().expect("it starts again");
    couchdb.restart().expect("it starts again");
    let data = folder.data();
    let mut command = program();
    command.args(["rebuild", "--check", "--data"]).arg(&data).envs(models.clone());
    let checked = output(&mut command).await.expect_code(0);
    all_equal(&checked);
    let mut command = program();
    command.args(["rebuild", "customer", "order", "accounting", "--data"]).arg(&data);
    output(command.envs(models.clone())).await.expect_code(0);

    let shop = folder.up_with(on_servers).await;
    let manager = shop.manager().await;
    join_all((0..2).map(|_| manager.order(&lamp, "lea"))).await;
    manager.ended_orders().await;
    let checked = shop.tool(&["rebuild", "--check"]).await.expect_code(0);
    all_equal(&checked);
}

#[tokio::test]
async fn a_model_that_cannot_be_used_is_said_at_the_start_without_its_password() {
    let postgres = Postgres::start().expect("a server");
    let nowhere =
        postgres.url().replace("/postgres", "/nowhere").replace("//nowhere", "//postgres");
    for (variable, url, expected) in [
        ("AGORA_ORDER_MODEL", "mysql://me:hush@here/shop", "postgres://"),
        ("AGORA_ORDER_MODEL", nowhere.as_str(), "there is no database \"nowhere\""),
        ("AGORA_CUSTOMER_MODEL", "rediss://:hush@here", "without TLS"),
        ("AGORA_ACCOUNTING_MODEL", "http://me:hush@here", "names no database"),
        ("AGORA_PRODUCT_MODEL", "redis://:hush@here", "sqlite:FILE"),
    ] {
        let folder = Folder::new();
        let mut command = crate::shop::up(&folder.data());
        let ran = output(command.env(variable, url)).await;
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(expected) && !said.contains("hush"), "{variable}: {said}");
    }
}
