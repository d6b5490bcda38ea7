//! Read models are rebuilt while the shop serves: nobody notices, whenever it is killed, and there is a way back.

use std::{path::Path, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::shop::{Folder, Person, Shop, eventually};

const BUYERS: [&str; 2] = ["ida", "jon"];

/// A shop with some orders, its manager, and what there is to buy.
async fn shop_with_orders() -> (Shop, Person, Vec<String>) {
    let shop = Folder::new().up().await;
    let manager = shop.manager().await;
    manager.add_customers(&BUYERS, "1000000").await;
    let products = manager.add_products(&["Lamp", "Vase"], ("1.50", 1_000_000)).await;
    join_all((0..8).map(|n| manager.order(&products[n % 2], BUYERS[n % 2]))).await;
    (shop, manager, products)
}

async fn generations(manager: &Person, service: &str) -> Value {
    manager.get(&format!("/{service}/model-generations")).await
}

/// Waits until a rebuilt model serves.
async fn until_kept(manager: &Person, service: &str) -> Value {
    eventually("the rebuilt model serves", async || {
        let found = generations(manager, service).await;
        (found["Other"]["State"] == "Kept").then_some(found)
    })
    .await
}

/// A shopper who reads back every order at once; how many were placed until `done`.
async fn shopper(
    person: &Person,
    product: &str,
    user: &str,
    done: &tokio::sync::watch::Receiver<bool>,
) -> u32 {
    let mut placed = 0;
    while !*done.borrow() {
        let order = person.order(product, user).await;
        let shown = person.get(&format!("/order/get-orders?Type=Single&Id={order}")).await;
        assert_eq!(shown["Items"][0]["OrderId"], json!(order), "{shown}");
        let stock = person.get(&format!("/product/get-product-details?ProductId={product}")).await;
        assert_eq!(stock["ProductId"], json!(product), "{stock}");
        let found = person.get("/product/get-products?Search=lamp").await;
        assert_eq!(found["Total"], 2, "{found}");
        placed += 1;
    }
    placed
}

/// `agora rebuild` with an option, for every service.
fn all(option: &'static str) -> Vec<&'static str> {
    ["rebuild"].into_iter().chain(registry::names()).chain([option]).collect()
}

#[tokio::test]
async fn every_model_is_rebuilt_under_orders_and_nobody_notices() {
    let (shop, manager, products) = shop_with_orders().await;
    let (end, done) = tokio::sync::watch::channel(false);
    let shoppers = async {
        let each = (0..4).map(|n| {
            let person = manager.at(&shop);
            let (product, done) = (&products[n % 2], done.clone());
            async move { shopper(&person, product, BUYERS[n % 2], &done).await }
        });
        join_all(each).await.into_iter().sum::<u32>()
    };
    let operator = async {
        let rebuilt = shop.tool(&all("--live")).await.expect_code(0);
        let equal = rebuilt.stdout.matches("equals the model before").count();
        assert_eq!(equal, registry::SERVICES.len(), "{}", rebuilt.stdout);
        assert!(rebuilt.stdout.contains("Generation 2 serves; generation 1 is kept"));
        let again = shop.tool(&["rebuild", "order", "--live"]).await.expect_code(1);
        assert!(again.stderr.contains("still kept; drop it first"), "{}", again.stderr);
        let back = shop.tool(&all("--back")).await.expect_code(0);
        assert!(back.stdout.contains("order: generation 1 serves again"), "{}", back.stdout);
        shop.tool(&["rebuild", "--check"]).await.expect_code(0);
        shop.tool(&all("--back")).await.expect_code(0);
        shop.tool(&all("--drop")).await.expect_code(0);
        end.send_replace(true);
    };
    let (placed, ()) = tokio::join!(shoppers, operator);
    assert!(placed > 0, "orders were placed meanwhile");
    manager.ended_orders().await;
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
    let nothing = shop.tool(&["rebuild", "order", "--back"]).await.expect_code(1);
    assert!(nothing.stderr.contains("no earlier model is kept"), "{}", nothing.stderr);
    shop.tool(&["rebuild", "order", "--accept"]).await.expect_code(1);
    shop.tool(&["rebuild", "--live"]).await.expect_code(2);
    assert!(!shop.folder.log().contains("vanished"), "{}", shop.folder.log());

    // Only the second generation is left, and the tools for stopped shops know it.
    let folder = shop.down().await;
    let data = folder.data();
    for service in registry::names() {
        assert!(!data.join(format!("{service}.db")).exists(), "{service}");
        assert!(data.join(format!("{service}.db.gen-2")).exists(), "{service}");
    }
    folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    folder.tool(&["rebuild", "order"]).await.expect_code(0);
    folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    let shop = folder.up().await;
    manager.at(&shop).ended_orders().await;
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
}

#[tokio::test]
async fn only_a_manager_decides_about_models() {
    let (shop, manager, _) = shop_with_orders().await;
    let ida = shop.visitor().log_in("ida", "ida's password").await;
    for call in ["rebuild-model", "switch-model", "drop-model"] {
        for (person, status) in [(shop.visitor(), 401), (ida.clone(), 403)] {
            let answer = person.try_post(&format!("/order/{call}"), json!({})).await;
            assert_eq!(answer.expect("an answer").status, status, "{call}");
        }
    }
    for (person, status) in [(shop.visitor(), 401), (ida, 403)] {
        let answer = person.try_get("/order/model-generations").await.expect("an answer");
        assert_eq!(answer.status, status);
    }
    let found = generations(&manager, "order").await;
    assert_eq!((&found["Generation"], &found["Other"]), (&json!(1), &Value::Null), "{found}");
}

/// What is done, and what is waited for before the shop is killed.
const STEPS: [(&str, &str); 8] = [
    ("rebuild-model", ""),
    ("rebuild-model", "Building"),
    ("", "Kept"),
    ("switch-model", ""),
    ("switch-model", "Kept"),
    ("drop-model", ""),
    ("rebuild-model", "Kept"),
    ("drop-model", ""),
];

#[tokio::test]
async fn a_kill_in_each_step_leaves_models_that_equal_rebuilt_ones() {
    let (mut shop, mut manager, products) = shop_with_orders().await;
    for (call, state) in STEPS {
        if !call.is_empty() {
            for asked in
                join_all(registry::names().map(|service| ask(&manager, service, call))).await
            {
                // It may be done already when the shop is up again.
                assert!([202, 409].contains(&asked), "{call}: {asked}");
            }
        }
        let order = manager.order(&products[0], BUYERS[0]).await;
        let seen = join_all(registry::names().map(|service| reached(&manager, service, state)));
        let seen = tokio::time::timeout(Duration::from_mins(1), seen).await;
        assert!(seen.is_ok(), "{call} {state}");
        let folder = shop.kill().await;
        shop = folder.up().await;
        manager = manager.at(&shop);
        let shown = manager.get(&format!("/order/get-orders?Type=Single&Id={order}")).await;
        assert_eq!(shown["Items"][0]["OrderId"], json!(order), "{call} {state}: {shown}");
        shop.tool(&["rebuild", "--check"]).await.expect_code(0);
        for service in registry::names() {
            let has_other = generations(&manager, service).await["Other"].is_object();
            assert!(has_other || is_tidy(&shop.folder.data(), service), "{service} {call} {state}");
        }
    }
    manager.ended_orders().await;
    for service in registry::names() {
        if generations(&manager, service).await["Other"].is_object() {
            until_kept(&manager, service).await;
            assert_eq!(ask(&manager, service, "drop-model").await, 202, "{service}");
        }
        assert!(is_tidy(&shop.folder.data(), service), "{service}");
    }
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
}

/// Asks for something to be done with a model; the status of the answer.
async fn ask(manager: &Person, service: &str, call: &str) -> u16 {
    let asked = manager.try_post(&format!("/{service}/{call}"), json!({})).await;
    asked.expect("an answer").status
}

/// Waits until a model is in a state, which may be over before anyone sees it.
async fn reached(manager: &Person, service: &str, state: &str) {
    eventually("the step is taken", async || {
        let found = generations(manager, service).await;
        let now = found["Other"]["State"].as_str().unwrap_or_default();
        (state.is_empty() || now == state || now == "Kept").then_some(())
    })
    .await;
}

/// Whether the folder has one model of a service.
fn is_tidy(data: &Path, service: &str) -> bool {
    let files = std::fs::read_dir(data).expect("a folder").flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let first = format!("{service}.db");
    let is_model = |name: &String| {
        let number = name.strip_prefix(&first).map(|rest| rest.trim_start_matches(".gen-"));
        number.is_some_and(|rest| rest.is_empty() || rest.parse::<u32>().is_ok())
    };
    names.filter(is_model).count() == 1
}
