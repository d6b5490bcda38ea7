//! The playground of `agora up --demo`: every fault at the press of a button, and a shop that heals from each; and no trace of it anywhere
//! else.

use serde_json::{Value, json};

use crate::{
    books::Books,
    shop::{Folder, Person, Shop, eventually},
};

const CALLS: [&str; 8] = [
    "set-messages",
    "set-part",
    "cut-power",
    "set-traffic",
    "hold-sale",
    "play",
    "begin-drill",
    "heal",
];

/// The manager of a shop that is played with.
struct Player(Person);

impl Player {
    async fn state(&self) -> Value {
        self.0.get("/playground/get-playground").await
    }

    async fn act(&self, call: &str, body: Value) -> Value {
        self.0.post(&format!("/playground/{call}"), body).await.ok()
    }

    async fn deed(&self, part: &str, deed: &str) -> String {
        let state = self.act("set-part", json!({ "Name": part, "Do": deed, "SlowMs": 2 })).await;
        let parts = state["Parts"].as_array().expect("parts");
        let part = parts.iter().find(|found| found["Name"] == part).expect("it is a part");
        part["State"].as_str().expect("a state").to_owned()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || Some(self.state().await).filter(&holds)).await
    }

    async fn shoppers(&self, visits: Option<u32>) {
        self.act("set-traffic", json!({ "Visits": visits, "Seed": 7 })).await;
    }

    /// More orders end than have until now.
    async fn orders_go_on(&self) {
        let ended = |state: &Value| {
            let orders = &state["Orders"];
            orders["Finalized"].as_u64().unwrap_or(0) + orders["Denied"].as_u64().unwrap_or(0)
        };
        let before = ended(&self.state().await);
        self.until("orders end", |state| ended(state) > before).await;
    }
}

/// A year is made once for all of this.
#[tokio::test]
async fn the_shop_heals_from_every_fault_of_the_playground() {
    let (shop, _) = Folder::new().up_saying(|command| _ = command.arg("--demo")).await;
    let player = Player(shop.manager().await);
    player
        .until("the log is read", |state| state["Orders"]["Finalized"].as_u64() > Some(1000))
        .await;
    player.shoppers(Some(1200)).await;

    messages_go_wrong(&player).await;
    parts_fail(&player).await;
    the_power_goes(&player).await;
    a_sale_sells_what_there_is(&player).await;
    presets_end(&player).await;
    what_is_refused_changes_nothing(&player, &shop).await;

    player.act("heal", json!({})).await;
    player.act("set-traffic", json!({ "Visits": 0, "Seed": 7 })).await;
    let state = player
        .until("every order ends", |state| state["Orders"]["Open"] == 0 && state["Missing"] == 0)
        .await;
    promises_hold(&state);
    assert!(state["Parts"].as_array().expect("parts").iter().all(|part| part["State"] == "Up"));
    player.0.ended_orders().await;
    Books::of(&player.0.events().await).all_ended();
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);
    shop.down().await;
}

/// What the playground shows of the promises: none is broken, and every sum is exact.
pub(crate) fn promises_hold(state: &Value) {
    assert_eq!(state["Broken"], json!([]), "{state}");
    for promise in state["Promises"].as_array().expect("promises") {
        assert_eq!(
            (&promise["Holds"], &promise["Left"]),
            (&json!(true), &promise["Right"]),
            "{state}"
        );
    }
}

async fn messages_go_wrong(player: &Player) {
    let rates = json!({
        "BroadcastLost": 300, "BroadcastRepeated": 300, "BroadcastDelayed": 300, "BroadcastReordered": 1000,
        "RequestLost": 20, "RequestRepeated": 200, "RequestDelayed": 50, "ReplyLost": 20,
    });
    let state = player.act("set-messages", json!({ "Seed": 7, "Rates": rates })).await;
    assert_eq!((&state["Rates"], &state["Seed"]), (&rates, &json!(7)));
    let kinds = |state: &Value| state["Messages"].as_array().map_or(0, Vec::len);
    player.until("every kind of message goes wrong", |state| kinds(state) == 8).await;
    player.orders_go_on().await;
    player.act("set-messages", json!({ "Seed": 8, "Rates": {} })).await;
    player.until("what was lost is read", |state| state["Missing"] == 0).await;
    let became = |state: &Value| {
        let mut all = state["Messages"].as_array().into_iter().flatten();
        all.all(|kind| kind["Open"] == 0 && kind["Twice"] == 0)
    };
    player.until("every append has its answers, and was recorded once", became).await;
}

async fn parts_fail(player: &Player) {
    for part in registry::names().chain(["events"]) {
        for (deed, state) in
            [("Kill", "Killed"), ("Stop", "Stopped"), ("Freeze", "Frozen"), ("Slow", "Up")]
        {
            assert_eq!(player.deed(part, deed).await, state, "{part}");
            assert_eq!(player.deed(part, "Mend").await, "Up", "{part} after {deed}");
        }
    }
    for part in registry::names() {
        assert_eq!(player.deed(part, "Rebuild").await, "Up", "{part}");
    }
    player.deed("accounting", "Kill").await;
    player
        .until("orders wait for accounting", |state| {
            let awaited = state["Orders"]["Awaited"].as_array().expect("a list");
            awaited.iter().any(|one| one["Service"] == "accounting")
        })
        .await;
    player.deed("accounting", "Mend").await;
    player.orders_go_on().await;
}

async fn the_power_goes(player: &Player) {
    for (seed, cuts) in [(1, 1), (2, 2), (3, 3)] {
        player.act("cut-power", json!({ "Seed": seed })).await;
        let state = player
            .until("the power is back", |state| {
                let parts = state["Parts"].as_array().expect("parts");
                state["Power"]["Cuts"] == cuts && parts.iter().all(|part| part["State"] == "Up")
            })
            .await;
        assert_eq!(state["Power"]["Trouble"], Value::Null, "{state}");
        player.orders_go_on().await;
    }
    let power = &player.state().await["Power"];
    assert!(
        power["Lost"].as_u64().unwrap_or(0) + power["Kept"].as_u64().unwrap_or(0) > 0,
        "{power}"
    );
}

async fn a_sale_sells_what_there_is(player: &Player) {
    player.shoppers(Some(0)).await;
    player.until("every order ends", |state| state["Orders"]["Open"] == 0).await;
    player.act("hold-sale", json!({ "Shoppers": 40, "Units": 3, "Seed": 5 })).await;
    let state = player
        .until("the sale is over", |state| {
            state["Sale"]["Open"] == 0 && state["Sale"] != Value::Null
        })
        .await;
    let sale = &state["Sale"];
    let count = |name: &str| sale[name].as_u64().expect("a number");
    assert_eq!(count("Sold"), 3.min(40 - count("TurnedAway")), "{sale}");
    assert_eq!(count("Sold") + count("Denied") + count("TurnedAway"), 40, "{sale}");
    player.deed("product", "Kill").await;
    let sale = json!({ "Shoppers": 4, "Units": 3, "Seed": 6 });
    let refused = player.0.post("/playground/hold-sale", sale).await;
    assert_eq!(refused.status, 409, "nobody sells anything: {}", refused.body);
    assert_eq!(player.deed("product", "Mend").await, "Up");
}

async fn presets_end(player: &Player) {
    // Until the power goes, it is said when that will be.
    let cut = json!({ "Preset": "PowerCut", "Seed": 3, "Seconds": 600 });
    let state = player.act("play", cut).await;
    assert!(state["Playing"]["PowerGoesAt"].is_string(), "{state}");
    // The last one ends by itself.
    let presets =
        [("AccountingAway", 1), ("EverythingTwice", 1), ("PowerCut", 1), ("LastUnit", 600)];
    for (preset, seconds) in presets {
        let played = json!({ "Preset": preset, "Seed": 3, "Seconds": seconds });
        let state = player.act("play", played).await;
        // It may be over already.
        let playing = &state["Playing"];
        assert!(playing.is_null() || playing["Preset"] == preset, "{playing}");
        assert_eq!(state["Seed"], 3);
        let state = player
            .until("it is over, and all is well", |state| {
                let parts = state["Parts"].as_array().expect("parts");
                state["Playing"] == Value::Null && parts.iter().all(|part| part["State"] == "Up")
            })
            .await;
        assert!(state["Rates"].as_object().expect("rates").values().all(|rate| *rate == 0));
    }
    let state = player.until("one gets it", |state| state["Sale"]["Open"] == 0).await;
    assert_eq!(
        (&state["Sale"]["Sold"], &state["Sale"]["Denied"]),
        (&json!(1), &json!(1)),
        "{state}"
    );
}

async fn what_is_refused_changes_nothing(player: &Player, shop: &Shop) {
    for (call, body) in [
        ("set-messages", json!({ "Seed": 1, "Rates": { "BroadcastLost": 1001 } })),
        ("set-part", json!({ "Name": "gateway", "Do": "Kill" })),
        ("set-part", json!({ "Name": "events", "Do": "Rebuild" })),
        ("set-traffic", json!({ "Visits": 6001, "Seed": 1 })),
        ("hold-sale", json!({ "Shoppers": 0, "Units": 1, "Seed": 1 })),
        ("play", json!({ "Preset": "LastUnit", "Seed": -1 })),
    ] {
        let refused = player.0.post(&format!("/playground/{call}"), body).await;
        assert_eq!(refused.status, 422, "{call}: {}", refused.body);
    }
    let customer = shop.visitor().log_in("nora", "open-sesame").await;
    for call in CALLS {
        let path = format!("/playground/{call}");
        assert_eq!(customer.post(&path, json!({})).await.status, 403, "{call}");
        assert_eq!(shop.visitor().post(&path, json!({})).await.status, 401, "{call}");
    }
}

#[tokio::test]
async fn without_the_sample_there_is_no_playground() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    let read = manager.try_get("/playground/get-playground").await.expect("an answer");
    assert_eq!(read.status, 404, "{}", read.body);
    for call in CALLS {
        let answer = manager.post(&format!("/playground/{call}"), json!({})).await;
        assert_eq!(answer.status, 404, "{call}: {}", answer.body);
    }
    let document = manager.get("/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths");
    assert!(!paths.keys().any(|path| path.contains("playground")), "{paths:?}");
    shop.down().await;
}
