//! The sample shop: `agora up --demo` as its user meets it, and an empty shop that is filled with it.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use kernel::{Clock as _, Timestamp};
use runtime::clock::SystemClock;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{
    books::Books,
    run::output,
    shop::{Folder, PASSWORD, Person, Shop, eventually, up, visitor},
};

/// What a start says of itself while it makes the sample.
const LIVING: &str = "living through a year of the sample shop";
/// Generous: other tests run beside this one.
const PATIENCE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A year is made once for all of this.
#[tokio::test]
async fn a_year_is_there_within_the_start_and_can_be_used_at_once() {
    let folder = Folder::new();
    let (shop, ready) = folder.up_saying(|command| _ = command.arg("--demo")).await;
    assert!(
        !folder.log().contains(LIVING),
        "a program that reads JSON gets one line, once the shop is ready"
    );
    let demo = &ready["demo"];
    assert_eq!((&demo["categories"], &demo["customers"]), (&json!(12), &json!(30)), "{ready}");
    let manager = shop.manager().await;
    manager.post("/demo/set-traffic", json!({ "Traffic": "Off" })).await.ok();
    a_year_has_passed(&manager).await;
    searches_find_what_is_meant(&manager).await;
    the_readme_works_on_it(&shop.url).await;
    someone_buys(&shop, demo).await;
    let before = manager.list("/order/get-orders?Type=All").await.len();
    manager.post("/demo/set-traffic", json!({ "Traffic": "On" })).await.ok();
    eventually("someone comes", async || {
        let orders = manager.list("/order/get-orders?Type=All").await.len();
        (orders > before).then_some(())
    })
    .await;
    manager.post("/demo/set-traffic", json!({ "Traffic": "Off" })).await.ok();
    manager.ended_orders().await;
    Books::of(&manager.events().await).all_ended();
    shop.tool(&["rebuild", "--check"]).await.expect_code(0);

    let folder = shop.down().await;
    let shop = folder.up().await;
    let state = shop.manager().await.get("/demo/get-demo").await;
    assert_eq!(state, json!({ "Goods": "Sample", "Traffic": "Off" }), "nobody comes unasked");
    let folder = shop.down().await;
    // The same command again opens what is there.
    let (shop, again) = folder.up_saying(|command| _ = command.arg("--demo")).await;
    let known = |ready: &Value| {
        let demo = ready["demo"].clone();
        assert!(demo["orders"].as_u64().is_some_and(|orders| orders > 1_600), "{ready}");
        demo
    };
    assert_eq!(known(&again), known(&ready));
    assert_eq!(again["admin_password"], Value::Null, "it is shown once");
    let state = shop.manager().await.get("/demo/get-demo").await;
    assert_eq!(state, json!({ "Goods": "Sample", "Traffic": "On" }));
    shop.manager().await.get("/playground/get-playground").await;
    shop.down().await;
}

#[tokio::test]
async fn a_log_says_at_once_that_the_year_takes_some_seconds() {
    let folder = Folder::new();
    let mut command = up(&folder.data());
    command.arg("--demo").stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut starting = command.spawn().expect("it starts");
    let mut lines = BufReader::new(starting.stderr.take().expect("a pipe")).lines();
    let said = async {
        loop {
            let line = lines.next_line().await.expect("a pipe").expect("it goes on");
            if line.contains(LIVING) {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(PATIENCE, said).await.expect("it says so");
    assert!(!line.contains(['\r', '\u{1b}']), "a line for a log: {line:?}");
    starting.kill().await.expect("it ends");
}

/// A shop of one's own is never taken for a sample.
#[tokio::test]
async fn a_folder_that_holds_a_shop_is_left_alone() {
    let folder = Folder::new().up().await.down().await;
    let mut again = up(&folder.data());
    let refused = output(again.arg("--demo")).await.expect_code(1);
    for said in ["is not empty", "--data", "without --demo"] {
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    folder.up().await.down().await;
}

/// Every kind of event of a shop's life is there, dated over a year.
async fn a_year_has_passed(manager: &Person) {
    let events = manager.events().await;
    Books::of(&events).all_ended();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut last = Timestamp::default();
    for event in &events {
        *kinds.entry(event["Type"].as_str().expect("a type")).or_default() += 1;
        let time: Timestamp = event["Time"].as_str().expect("a time").parse().expect("a time");
        assert!(time >= last, "time goes on: {event}");
        assert!(last == Timestamp::default() || time.since(last) < DAY * 4, "a gap before {event}");
        last = time;
    }
    let first: Timestamp = events[0]["Time"].as_str().expect("a time").parse().expect("a time");
    let age = SystemClock.now().since(first);
    assert!((DAY * 365..DAY * 367).contains(&age), "{age:?}");
    for (kind, least) in [
        ("product.added", 123),
        ("product.changed", 60),
        ("product.deleted", 3),
        ("customer.registered", 30),
        ("customer.profile-changed", 3),
        ("customer.credit-changed", 280),
        ("order.finalized", 1_600),
        ("order.denied", 60),
        ("product.stock-released", 10),
        ("customer.credit-released", 10),
    ] {
        let found = kinds.get(kind).copied().unwrap_or_default();
        assert!(found >= least, "{found} of {kind}: {kinds:?}");
    }
    let statistics = manager.get("/order/get-order-statistics").await;
    let reasons = statistics["ByReason"].as_object().expect("reasons");
    for (reason, count) in reasons.iter().filter(|(reason, _)| *reason != "unknown-customer") {
        assert!(count.as_u64() > Some(0), "no order was denied for {reason}: {statistics}");
    }
    assert_eq!(statistics["Open"], 0);
}

/// What is typed, and the product of the sample shop that comes first.
const FIRST: [(&str, &str); 12] = [
    ("milk", "Whole Milk, 1 l"),
    ("cheese grated", "Grated Cheese, Gruyère and Emmental, 200 g"),
    ("creme brulee", "Crème Brûlée, 2 × 100 g"),
    ("brulee creme", "Crème Brûlée, 2 × 100 g"),
    ("cheeze", "Cheddar Cheese, Mature, 250 g"),
    ("grated cheeze", "Grated Cheese, Gruyère and Emmental, 200 g"),
    ("jalapeno", "Jalapeño Peppers, Pickled, 210 g"),
    ("jalapenio", "Jalapeño Peppers, Pickled, 210 g"),
    ("espreso", "Espresso Coffee, Ground, 250 g"),
    ("chocolate dark", "Dark Chocolate, 72 %, 100 g"),
    ("bread", "Sourdough Bread, 1 kg"),
    ("gruyere", "Grated Cheese, Gruyère and Emmental, 200 g"),
];

async fn searches_find_what_is_meant(manager: &Person) {
    let mut wrong = Vec::new();
    for (search, first) in FIRST {
        let path = format!("/product/get-products?Search={}", search.replace(' ', "+"));
        let found = manager.get(&path).await["Items"][0]["Name"].clone();
        if found != first {
            wrong.push(format!("{search}: {first} is not first, but {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The customer whom the start names buys something with the password that it names.
async fn someone_buys(shop: &Shop, demo: &Value) {
    let (name, password) = (demo["customer"].as_str(), demo["password"].as_str());
    let customer = shop.visitor().log_in(name.expect("a name"), password.expect("one")).await;
    let product = customer.get("/product/get-product-details?Code=SWE-08").await;
    let order = json!({ "ProductId": product["ProductId"], "Price": product["Price"] });
    let order = customer.post("/order/place-order", order).await.ok();
    let path =
        format!("/order/get-orders?Type=Single&Id={}", order["OrderId"].as_str().expect("an id"));
    eventually("the order ends", async || {
        let status = customer.get(&path).await["Items"][0]["Status"].clone();
        (status != "Pending").then(|| assert_eq!(status, "Finalized"))
    })
    .await;
}

/// The README's lines of curl, word for word but for the port.
async fn the_readme_works_on_it(url: &str) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("it is there");
    let begin = readme.find("U=http://127.0.0.1:8080").expect("the lines begin so");
    let lines = &readme[begin..];
    let lines = &lines[..lines.find("```").expect("they end")];
    let script = lines.replace("http://127.0.0.1:8080", url);
    let mut shell = Command::new("sh");
    let ran = output(shell.arg("-c").arg(&script)).await.expect_code(0);
    assert!(ran.stdout.contains("\"Status\":\"Finalized\""), "{ran:?}");
    assert_eq!(ran.stderr, "");
}

#[tokio::test]
async fn an_empty_shop_is_filled_and_one_with_goods_of_its_own_is_not() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    assert_eq!(manager.get("/demo/get-demo").await["Goods"], "None");
    let asked = manager.post("/demo/fill-shop", json!({})).await.ok();
    assert!(asked["Filling"]["Of"].as_u64() > Some(150), "{asked}");
    eventually("it is full", async || {
        let state = manager.get("/demo/get-demo").await;
        (state == json!({ "Goods": "Sample", "Traffic": "Off" })).then_some(())
    })
    .await;
    assert_eq!(manager.list("/product/get-all-products").await.len(), 123);
    assert!(manager.ended_orders().await.len() >= 200);
    let events = manager.events().await;
    Books::of(&events).all_ended();
    let again = manager.post("/demo/fill-shop", json!({})).await.ok();
    assert_eq!(again["Filling"], Value::Null, "once is enough");
    // Those who come to buy can log in, and what they did is theirs.
    let customer = visitor(&shop.url).log_in("nora", "open-sesame").await;
    customer.get("/order/get-orders?Type=Customer&Id=nora").await;
    shop.down().await;

    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_products(&["TEA"], ("1.00", 5)).await;
    let refused = manager.post("/demo/fill-shop", json!({})).await.ok();
    assert_eq!(refused["Goods"], "Own");
    let folder = shop.down().await;
    let shop = folder.up().await;
    let gone = shop.manager().await.try_get("/demo/get-demo").await.expect("an answer");
    assert_eq!(gone.status, 404, "a shop with goods of its own has no sample: {gone:?}");
    shop.down().await;
}

#[tokio::test]
async fn a_folder_with_anything_in_it_is_left_as_it_is() {
    let folder = Folder::new();
    std::fs::create_dir(folder.data()).expect("a folder");
    std::fs::write(folder.data().join("letter.txt"), "dear").expect("a file");
    let mut command = up(&folder.data());
    let refused = output(command.arg("--demo").env("AGORA_ADMIN_PASSWORD", PASSWORD)).await;
    let refused = refused.expect_code(1);
    assert!(refused.stderr.contains("letter.txt"), "{refused:?}");
    let left: Vec<_> = std::fs::read_dir(folder.data()).expect("a folder").collect();
    assert_eq!(left.len(), 1);
}
