//! A shop's events moved from one event store to another, and back into a shop.

use std::fs;

use futures_util::future::join_all;
use serde_json::json;
use servers::Mongodb;

use crate::{
    run::{output, program},
    shop::{Folder, Shop},
};

#[tokio::test]
async fn a_shop_goes_to_mongodb_and_back_and_runs_on() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["lea"], "1000").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 3)).await.remove(0);
    join_all((0..5).map(|_| manager.order(&lamp, "lea"))).await;
    manager.ended_orders().await;
    let orders = manager.get("/order/get-orders?Type=All").await;
    let folder = shop.down().await;
    // The shop has said more since it was asked: what it said at its end is in the folder only.
    let recorded = folder.tool(&["events", "--json"]).await.expect_code(0).stdout;

    let database = Mongodb::shared().url(&format!("agora-copied-{}", std::process::id()));
    let second = Folder::new();
    let out = copy(&log(&folder), &database).await.expect_code(0);
    assert_eq!(out.stderr, "", "a pipe gets no progress");
    let out = out.json();
    let kept = second.path().join("url");
    fs::write(&kept, format!("{database}\n")).expect("a file");
    let kept = format!("file:{}", kept.display());
    let back = copy(&kept, &log(&second)).await.expect_code(0).json();
    assert_eq!(back, out, "the same head, number and hash");
    assert_eq!(out["head"], out["copied"]);
    let again = copy(&log(&folder), &database).await.expect_code(0).json();
    assert_eq!(again, json!({ "head": out["head"], "copied": 0, "hash": out["hash"] }));

    for file in ["secret", "shop.json"] {
        fs::copy(folder.data().join(file), second.data().join(file)).expect("a file");
    }
    assert_eq!(second.tool(&["events", "--json"]).await.expect_code(0).stdout, recorded);
    let verified = second.tool(&["store", "verify", "--json"]).await.expect_code(0).json();
    assert_eq!((&verified["head"], &verified["bad_indexes"]), (&out["head"], &json!([])));
    let shop = second.up().await;
    let manager = shop.manager().await;
    assert_eq!(manager.get("/order/get-orders?Type=All").await, orders);
    manager.order(&lamp, "lea").await;
    manager.ended_orders().await;

    // What has gone on is no longer the beginning of what it came from.
    let second = shop.down().await;
    let refused = copy(&database, &log(&second)).await.expect_code(1);
    assert!(refused.stderr.contains("nothing was copied"), "{}", refused.stderr);
    let on = copy(&log(&second), &database).await.expect_code(0).json();
    assert!(on["copied"].as_u64() > Some(0), "{on}");
}

#[tokio::test]
async fn what_cannot_be_copied_is_said_in_a_sentence() {
    let folder = Folder::new();
    let missing = format!("log:{}", folder.path().join("nothing").display());
    let made = format!("log:{}", folder.path().join("made").display());
    for (from, to, code, said) in [
        (&*missing, &*made, 1, "there is no log in"),
        ("redis://host", &*made, 2, "FROM = \"redis://host\": is not an event store such as"),
        ("mongo://user:geheim@host/agora", &*made, 2, "mongo://user:********@host/agora"),
        ("user:geheim@host/agora", &*made, 2, "user:********@host/agora"),
        (
            &*missing,
            "mongo://user:geheim@host/x?password=geheim",
            2,
            "TO = \"mongo://user:********",
        ),
        ("file:/nowhere/url", &*made, 2, "a file that cannot be read"),
        ("mongodb://user:geheim@", &*made, 1, "not a MongoDB URL"),
        ("mongodb://127.0.0.1:1/agora", &*made, 1, "does not answer"),
    ] {
        let ran = copy(from, to).await.expect_code(code);
        assert!(ran.stderr.contains(said), "{from}: {}", ran.stderr);
        assert!(!ran.stderr.contains("geheim"), "{}", ran.stderr);
    }
}

/// The log of the shop in a folder, as an event store's address.
pub(crate) fn log(folder: &Folder) -> String {
    format!("log:{}", folder.data().join("log").display())
}

pub(crate) async fn copy(from: &str, to: &str) -> crate::run::Ran {
    output(program().args(["store", "copy", from, to, "--json"])).await
}
