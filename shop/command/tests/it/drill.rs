//! `agora demo drill`: every incident can be prepared and ended, and no other shop can be broken so.

use contracts::rest::drill::DRILLS;
use serde_json::{Value, json};

use crate::{
    books::Books,
    playground::promises_hold,
    run::{output, program},
    shop::{Folder, Person, Shop, eventually},
};

/// A year is made once for all of them.
#[tokio::test]
async fn every_drill_is_prepared_and_ends_with_exact_sums() {
    let (shop, _) = Folder::new().up_saying(|command| _ = command.arg("--demo")).await;
    let manager = shop.manager().await;
    for drill in &DRILLS {
        let body = json!({ "Name": drill.name, "Seed": 3 });
        let begun = manager.post("/playground/begin-drill", body).await.ok();
        assert_eq!(begun["Drill"], drill.name);
        let ended = manager.post("/playground/heal", json!({})).await.ok();
        assert_eq!(ended["Drill"], Value::Null, "{}", drill.name);
        let parts = ended["Parts"].as_array().expect("parts");
        assert!(parts.iter().all(is_well), "{}: {ended}", drill.name);
    }
    let unknown = json!({ "Name": "earthquake", "Seed": 3 });
    assert_eq!(manager.post("/playground/begin-drill", unknown).await.status, 422);
    what_a_drill_caused_is_not_warned_of_once_it_has_ended(&manager).await;
    a_wrong_clock_can_be_ended_with_a_password(&shop, &manager).await;
    all_is_exact(&shop, &manager).await;
}

async fn what_a_drill_caused_is_not_warned_of_once_it_has_ended(manager: &Person) {
    let drill = json!({ "Name": "expired-token", "Seed": 3 });
    manager.post("/playground/begin-drill", drill).await.ok();
    let outage = async || manager.get("/system/get-status").await["Outage"].clone();
    eventually("the gateway warns of the token", async || {
        let reason = outage().await["Reason"].as_str().map(str::to_owned);
        reason.is_some_and(|reason| reason.contains("has expired")).then_some(())
    })
    .await;
    manager.post("/playground/heal", json!({})).await.ok();
    assert_eq!(outage().await, Value::Null, "its time is not over, but its cause is");
}

/// The customer service grants log-ins of yesterday then, which no other service takes.
async fn a_wrong_clock_can_be_ended_with_a_password(shop: &Shop, manager: &Person) {
    let drill = json!({ "Name": "wrong-clock", "Seed": 3 });
    manager.post("/playground/begin-drill", drill).await.ok();
    let late = shop.manager().await;
    eventually("the order service is ready again, and refuses it", async || {
        let answer = late.try_get("/order/get-orders?Type=All").await.expect("an answer");
        (answer.status == 401).then_some(())
    })
    .await;
    shop.tool(&["demo", "drill", "--end"]).await.expect_code(0);
    let state = manager.get("/playground/get-playground").await;
    assert_eq!(state["Drill"], Value::Null);
    // With the clock right again, so is the judgement.
    let refused = late.try_get("/playground/get-playground").await.expect("an answer");
    assert_eq!(refused.status, 401, "{refused:?}");
}

fn is_well(part: &Value) -> bool {
    part["State"] == "Up" && part["SlowMs"] == 0 && part["Ailing"] == Value::Null
}

async fn all_is_exact(shop: &Shop, manager: &Person) {
    manager.post("/playground/set-traffic", json!({ "Visits": 0, "Seed": 1 })).await.ok();
    let state = eventually("every order ends", async || {
        let state = manager.get("/playground/get-playground").await;
        (state["Orders"]["Open"] == 0 && state["Missing"] == 0).then_some(state)
    })
    .await;
    promises_hold(&state);
    eventually("nothing is wrong any more", async || {
        let status = manager.get("/system/get-status").await;
        let services = status["Services"].as_array().expect("services");
        let is_well = services.iter().all(|service| service["Outage"] == Value::Null);
        (is_well && status["Outage"] == Value::Null).then_some(())
    })
    .await;
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
}

#[tokio::test]
async fn only_a_sample_shop_is_broken_on_purpose() {
    let shop = Shop::start().await;
    let refused = shop.tool(&["demo", "drill", "lost-broker"]).await.expect_code(1);
    assert!(refused.stderr.contains("was not started with --demo"), "{refused:?}");
    assert_eq!(refused.stderr.trim_end().lines().count(), 1, "in one sentence: {refused:?}");
    let refused = shop.tool(&["demo", "drill", "--end"]).await.expect_code(1);
    assert!(refused.stderr.contains("was not started with --demo"), "{refused:?}");
    let manager = shop.manager().await;
    let body = json!({ "Name": "lost-broker", "Seed": 1 });
    assert_eq!(manager.post("/playground/begin-drill", body).await.status, 404);
    Books::of(&manager.events().await).all_ended();
    shop.down().await;
}

#[tokio::test]
async fn the_drills_are_listed_and_explained_without_a_shop() {
    let run = async |args: &[&str]| {
        output(
            program()
                .env("AGORA_ADMIN_PASSWORD", "managers-only-7")
                .args(["demo", "drill"])
                .args(args),
        )
        .await
    };
    let unknown = run(&["earthquake"]).await.expect_code(2);
    let listed = run(&["--list"]).await.expect_code(0);
    for drill in &DRILLS {
        assert!(unknown.stderr.contains(drill.name), "{unknown:?}");
        assert!(listed.stdout.contains(drill.name) && listed.stdout.contains(drill.report));
        let explained = run(&[drill.name, "--explain"]).await.expect_code(0).stdout;
        assert!(explained.contains(drill.cause) && explained.contains(drill.says), "{explained}");
    }
    let json: Value = run(&["--list", "--json"]).await.expect_code(0).json();
    assert_eq!(json.as_array().map(Vec::len), Some(DRILLS.len()));
    let nowhere = run(&["lost-broker", "--url", "http://127.0.0.1:1"]).await.expect_code(1);
    assert!(nowhere.stderr.contains("`agora up --demo`"), "{nowhere:?}");
    run(&[]).await.expect_code(2);
}
