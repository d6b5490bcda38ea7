//! A data folder of version 0.1.0, made by `data/0.1.0/make.py`: it opens, is brought up to date, and answers as before.

use std::fs;

use serde_json::Value;
use tokio::process::Command;

use crate::{
    run::{output, program},
    shop::{Folder, Person, Shop},
};

const DATA: &[u8] = include_bytes!("../data/0.1.0/data.tar.gz");
/// That of its manager then.
const PASSWORD: &str = "correct-horse-battery";
const ANSWERS: &str = include_str!("../data/0.1.0/answers.json");

/// The folder, as 0.1.0 left it.
fn left() -> Folder {
    let folder = Folder::new();
    let archive = flate2::read::GzDecoder::new(DATA);
    tar::Archive::new(archive).unpack(folder.path()).expect("it is an archive");
    folder
}

/// A shop in such a folder, however long ago its last event was.
async fn up(folder: &Folder) -> Shop {
    let accepting = |command: &mut Command| {
        command.arg("--accept-clock").env("AGORA_ADMIN_PASSWORD", PASSWORD);
    };
    folder.up_with(accepting).await
}

async fn its_manager(shop: &Shop) -> Person {
    shop.visitor().log_in("admin", PASSWORD).await
}

/// Asserts that a shop says all that 0.1.0 said, and perhaps more.
async fn answers_as_before(shop: &Shop) -> Person {
    let manager = its_manager(shop).await;
    let answers: Value = serde_json::from_str(ANSWERS).expect("JSON");
    for (path, before) in answers.as_object().expect("answers by path") {
        assert!(before.as_array().is_some_and(|items| !items.is_empty()), "{path} said something");
        let mut now = manager.list(path).await;
        // What this start has recorded itself: newer schemas from here on.
        now.retain(|item| item["Type"] != "upgrade.finished");
        says(path, before, &Value::Array(now));
    }
    manager
}

fn says(path: &str, before: &Value, now: &Value) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (name, value) in before {
                let path = format!("{path}.{name}");
                says(&path, value, now.get(name).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            assert_eq!(before.len(), now.len(), "{path}");
            for (index, (before, now)) in before.iter().zip(now).enumerate() {
                says(&format!("{path}[{index}]"), before, now);
            }
        }
        _ => assert_eq!(before, now, "{path}"),
    }
}

/// That its log and all of its models are whole.
async fn is_whole(folder: &Folder) {
    folder.tool(&["store", "verify"]).await.expect_code(0);
    let checked = folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    let equal = checked.stdout.matches("equals a model rebuilt").count();
    assert_eq!(equal, registry::SERVICES.len(), "{}", checked.stdout);
}

#[tokio::test]
async fn a_folder_of_0_1_0_opens_and_answers_as_before() {
    let shop = up(&left()).await;
    let manager = answers_as_before(&shop).await;
    // Orders of then came by a channel that nobody recorded.
    let orders = manager.list("/order/get-orders?Type=All").await;
    assert!(orders.iter().all(|order| order["Channel"] == "unknown"), "{orders:?}");
    // Customers of then log in with their passwords, and buy.
    let bob = manager.log_in("bob", "bob's password").await;
    let creme = orders.iter().find(|order| order["ProductName"] == "Crème").expect("one was sold");
    let order = bob.order(creme["ProductId"].as_str().expect("an id"), "bob").await;
    let ended = manager.ended_orders().await;
    assert_eq!(ended.len(), orders.len() + 1);
    let new = ended.iter().find(|ended| ended["OrderId"] == *order).expect("it was placed");
    assert_eq!(new["Status"], "Finalized");
    let numbers = ended.iter().filter_map(|order| order["InvoiceNumber"].as_u64());
    assert_eq!(new["InvoiceNumber"].as_u64(), numbers.max(), "its invoice follows those of then");
    let folder = shop.down().await;

    // It is a folder of this version now, and a start has nothing left to do or to complain of.
    is_whole(&folder).await;
    let logged = folder.log().len();
    let shop = up(&folder).await;
    assert_eq!(its_manager(&shop).await.ended_orders().await, ended);
    let folder = shop.down().await;
    let said = folder.log().split_off(logged);
    for complaint in ["WARN", "ERROR"] {
        assert!(!said.contains(complaint), "{said}");
    }
    is_whole(&folder).await;
}

/// The schemas in which the orders of a shop are recorded, from its first one on.
async fn schemas(manager: &Person) -> Vec<u64> {
    let placed = manager.list("/events/read-all?Type=order.placed").await;
    placed.iter().map(|event| event["Schema"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn a_folder_is_of_the_version_before_until_its_upgrade_is_finished() {
    let folder = left();
    let held = |command: &mut Command| {
        command.args(["--accept-clock", "--hold-upgrade"]).env("AGORA_ADMIN_PASSWORD", PASSWORD);
    };
    let older = |command: &mut Command| {
        command.arg("--accept-clock").env("AGORA_ADMIN_PASSWORD", PASSWORD);
        command.env("AGORA_TEST_READS", "order.placed=1");
    };
    let shop = folder.up_with(held).await;
    let manager = its_manager(&shop).await;
    let before = schemas(&manager).await.len();
    let orders = manager.list("/order/get-orders?Type=All").await;
    let creme = orders.iter().find(|order| order["ProductName"] == "Crème").expect("one was sold");
    let product = creme["ProductId"].as_str().expect("an id").to_owned();
    let order = async |shop: &Shop| {
        let manager = its_manager(shop).await;
        manager.log_in("bob", "bob's password").await.order(&product, "bob").await;
        manager.ended_orders().await;
    };
    order(&shop).await;
    let tool = async |shop: &Shop, args: &[&str]| {
        let ran = output(shop.tool_command(args).env("AGORA_ADMIN_PASSWORD", PASSWORD)).await;
        ran.expect_code(0).stdout
    };
    let told = tool(&shop, &["upgrade"]).await;
    assert!(told.contains("The upgrade is held: schema 2 of order.placed is"), "{told}");
    // The version before goes on with the same folder, and this one again.
    let folder = shop.down().await;
    let shop = folder.up_with(older).await;
    order(&shop).await;
    let folder = shop.down().await;
    let shop = folder.up_with(held).await;
    let told = tool(&shop, &["upgrade", "--finish"]).await;
    assert!(told.contains("The upgrade is finished: schema 2 of order.placed is"), "{told}");
    order(&shop).await;
    let schemas = schemas(&its_manager(&shop).await).await.split_off(before);
    assert_eq!(schemas, [1, 1, 2]);
    let folder = shop.down().await;
    let mut command = program();
    command.args(["up", "--json", "--listen", "127.0.0.1:0", "--ops-listen", "off", "--data"]);
    older(command.arg(folder.data()));
    let refused = output(&mut command).await.expect_code(1).stderr;
    let sentence =
        "this log holds order.placed of schema 2, and this program reads it up to schema 1";
    assert!(refused.contains(sentence), "{refused}");
    is_whole(&folder).await;
}

#[tokio::test]
async fn a_folder_of_0_1_0_without_its_models_answers_as_before() {
    let folder = left();
    let mut removed = 0;
    for entry in fs::read_dir(folder.data()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.to_string_lossy().contains(".db") {
            fs::remove_file(path).expect("it was there");
            removed += 1;
        }
    }
    assert!(removed >= registry::SERVICES.len(), "{removed} files");
    let shop = up(&folder).await;
    answers_as_before(&shop).await;
    is_whole(&shop.down().await).await;
}
