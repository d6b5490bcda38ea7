//! The same services as separate processes over RabbitMQ, MongoDB's protocol, Redis, PostgreSQL and CouchDB's protocol: every promise
//! holds, whichever process is killed, paused or unreachable.

mod flowing;
mod frozen;
mod rebuilt;
mod system;
mod twice;
mod upgraded;

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};
use servers::{Store, System, system::SECRET};

use self::{
    flowing::while_orders_flow,
    system::{AGORA, manager, tool},
};
use crate::{
    books::Books,
    collector::Collector,
    copy::{copy, log},
    journey::known_answers_hold,
    run::{answers, is_whole, journey, output},
    shop::{Folder, Person, eventually, visitor},
    traces::{self, SAGA, TRACE, is_a_tree, traceparent, types},
};

const BUYERS: [&str; 3] = ["ada", "ben", "cleo"];

#[tokio::test]
async fn two_instances_of_each_service_sell_ten_of_ten_and_show_what_was_written() {
    let mut system = System::start(AGORA, Store::MongoDb, 2).await.expect("it starts");
    let manager = manager(&system).await;
    manager.add_customers(&BUYERS, "1000").await;
    manager.add_customers(&["eve"], "29.98").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 10)).await.remove(0);
    let many = manager.add_products(&["Vase"], ("9.99", 1000)).await.remove(0);
    let placing = (0..100).map(|n| order(&manager, (&lamp, BUYERS[n % 3]), n));
    let on_credit = (100..120).map(|n| order(&manager, (&many, "eve"), n));
    tokio::join!(join_all(placing), join_all(on_credit));
    let ended = manager.ended_orders().await;
    let finalized = |buyer: &dyn Fn(&str) -> bool| {
        let of = |order: &&Value| buyer(order["UserName"].as_str().expect("a name"));
        ended.iter().filter(of).filter(|order| order["Status"] == "Finalized").count()
    };
    assert_eq!((finalized(&|user| user != "eve"), finalized(&|user| user == "eve")), (10, 3));
    reads_what_it_wrote(&system, &lamp).await;
    let picture = picture();
    let address = manager.set_picture(&lamp, &picture).await;
    // Through each of the instances, from the log and from what they keep.
    for _ in 0..6 {
        shows(&manager, &address, &picture).await;
    }
    manager.ended_orders().await;
    Books::of(&manager.events().await).all_ended();
    for service in registry::names() {
        let mut check = tool(&system, &["rebuild", "--check", service]);
        output(&mut check).await.expect_code(0);
    }
    system.stop().await.expect("all stop cleanly");
}

/// Places an order, retried under the same key until it is taken: a busy service answers 503.
async fn order(buyer: &Person, what: (&str, &str), n: usize) -> String {
    order_noting(buyer, what, n, |_| {}).await
}

/// The same; each failed request is noted.
async fn order_noting(
    buyer: &Person,
    (product, user): (&str, &str),
    n: usize,
    failed: impl Fn(String),
) -> String {
    let order = json!({ "ProductId": product, "UserName": user });
    eventually("an order is taken", async || {
        let key = format!("order-{n}");
        let answer = buyer.try_post_with_key("/order/place-order", &key, order.clone()).await;
        let answer = answer.map_err(|error| failed(format!("{error:?}"))).ok()?;
        match answer.status {
            202 => answer.body["OrderId"].as_str().map(str::to_owned),
            // Cut off while it answered, or a part is away.
            _ if answer.status >= 500 || answer.body.is_null() => {
                failed(format!("{} {}", answer.status, answer.body));
                None
            }
            _ => panic!("{answer:?}"),
        }
    })
    .await
}

/// Each answer is at least as new as what its reader was shown before, through whichever instance (promise 9).
async fn reads_what_it_wrote(system: &System, product: &str) {
    let manager = manager(system).await;
    for n in 1..=20 {
        let price = format!("{n}.00");
        let change = json!({ "ProductId": product, "Price": price });
        manager.post("/product/update-product", change).await.ok();
        let shown = manager.get(&format!("/product/get-product-details?ProductId={product}")).await;
        assert_eq!(shown["Price"].as_f64(), Some(f64::from(n)), "what was written is read");
        let credit = json!({ "UserName": "ada", "Change": 1 });
        let now = manager.post("/customer/set-credit", credit).await.ok();
        let shown = manager.get("/customer/get-credit?UserName=ada").await;
        assert_eq!(shown["Credit"], now["Credit"], "what was written is read");
        let order = manager.order(product, "ben").await;
        let shown = manager.get(&format!("/order/get-orders?Type=Single&Id={order}")).await;
        assert_eq!(shown["Items"][0]["OrderId"], order, "what was written is read");
    }
}

/// A file as long as a picture may be.
fn picture() -> Bytes {
    const FILE: &[u8] = include_bytes!("../data/red.png");
    let (start, end) = FILE.split_at(FILE.len() - 12);
    let filling = contracts::picture::BYTES_MAX - FILE.len() - 12;
    let length = u32::try_from(filling).expect("it is short").to_be_bytes();
    [start, &length, b"teXt", &vec![b' '; filling], &[0; 4], end].concat().into()
}

async fn shows(visitor: &Person, address: &str, picture: &Bytes) {
    let answer = visitor.try_get(address).await.expect("the shop answers");
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert!(answer.bytes == *picture, "{} other bytes", answer.bytes.len());
}

/// The status names what keeps the events.
async fn keeps_events(engine: &str, manager: &Person) {
    let status = manager.get("/system/get-status").await;
    let services = status["Services"].as_array().expect("a list");
    let store = services.iter().find(|one| one["Name"] == events::NAME).expect("the event store");
    assert_eq!(store["Instances"][0]["Model"]["Engine"], engine);
}

/// Waits until the gateway gives this answer to whether all are ready.
async fn says_ready(system: &System, status: u16) {
    let visitor = visitor(system.url());
    eventually("it says whether all are ready", async || {
        let answer = visitor.try_get("/health/ready").await.ok()?;
        (answer.status == status).then_some(())
    })
    .await;
}

/// From one process to the distributed system with all that was recorded, and back again.
#[tokio::test]
async fn a_shop_grows_out_of_its_process_and_returns_and_the_known_answers_hold_in_both() {
    let embedded = async |folder: &Folder| {
        folder.up_with(|command| _ = command.env("AGORA_SHOP_SECRET", SECRET)).await
    };
    let purchases = journey();
    let purchases = purchases.to_str().expect("a path in UTF-8");
    let folder = Folder::new();
    let shop = embedded(&folder).await;
    shop.tool(&["import", purchases]).await.expect_code(0);
    let manager = shop.manager().await;
    let products = manager.get("/product/get-all-products?Limit=1").await;
    let product = products["Items"][0]["ProductId"].as_str().expect("an id");
    let picture = picture();
    let address = manager.set_picture(product, &picture).await;
    shop.down().await;
    let mut system = System::engines(AGORA, Store::MongoDb).await.expect("they start");
    let database = system.mongodb.url("agora");
    let there = copy(&log(&folder), &database).await.expect_code(0).json();
    system.run_all(1).await.expect("it starts");
    // However slow the machine, and however often the shop refuses for the moment.
    let patient = ["--patience", "3600", "--concurrency", "64", "--json"];
    let mut replay = tool(&system, &[&["replay", purchases][..], &patient].concat());
    let report = output(&mut replay).await.expect_code(0).json();
    assert_eq!((&report["orders"], &report["unfinished"]), (&answers()["Orders"], &0.into()));
    let distributed = self::manager(&system).await;
    known_answers_hold(&distributed).await;
    keeps_events("MongoDB", &distributed).await;
    shows(&distributed, &address, &picture).await;
    system.stop().await.expect("all stop cleanly");
    let back = copy(&database, &log(&folder)).await.expect_code(0).json();
    assert_eq!(
        back["head"].as_u64(),
        Some(
            there["head"].as_u64().expect("a number") + back["copied"].as_u64().expect("a number")
        )
    );
    let shop = embedded(&folder).await;
    let manager = shop.manager().await;
    known_answers_hold(&manager).await;
    keeps_events("log files", &manager).await;
    shows(&manager, &address, &picture).await;
    for service in registry::names() {
        shop.tool(&["rebuild", "--check", service]).await.expect_code(0);
    }
    let lamp = manager.add_products(&["Lamp"], ("9.99", 1)).await.remove(0);
    manager.add_customers(&["ada"], "100").await;
    manager.order(&lamp, "ada").await;
    shop.down().await;
}

#[tokio::test]
async fn who_sleeps_while_another_takes_over_does_no_harm_when_woken() {
    let system = System::start(AGORA, Store::MongoDb, 2).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        for part in ["event-store"].into_iter().chain(registry::names()) {
            for instance in 0..if is_whole() { 2 } else { 1 } {
                println!("{part} {instance} sleeps");
                system.signal(part, instance, Signal::STOP).expect("it runs");
                flow.more(10).await;
                system.signal(part, instance, Signal::CONT).expect("it runs");
                flow.more(10).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn processes_start_in_any_order_and_wait_for_what_they_need() {
    let mut system = System::engines(AGORA, Store::Log).await.expect("they start");
    let collector = Collector::start().await;
    system.settings.push(("AGORA_OTLP_ENDPOINT", collector.url.clone()));
    system.rabbitmq.kill();
    system.postgres.kill();
    for part in registry::names().chain(["gateway"]) {
        system.run(part, 0).expect("it starts");
    }
    system.rabbitmq.restart().expect("it comes");
    system.run("event-store", 0).expect("it starts");
    system.postgres.restart().expect("it comes");
    system.all_ready().await.expect("all are ready");
    let manager = manager(&system).await;
    manager.add_customers(&["ada"], "100").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 2)).await.remove(0);
    manager.order(&lamp, "ada").await;
    assert_eq!(manager.ended_orders().await[0]["Status"], "Finalized");
    // Gone, and noticed: said to be away instead of kept waiting for.
    system.kill("product", 0).await.expect("it ran");
    says_ready(&system, 503).await;
    is_told_and_remembered(&manager, &mut system).await;
    says_ready(&system, 200).await;
    // What passes from process to process is one trace.
    manager.traced(&traceparent("01")).order(&lamp, "ada").await;
    manager.ended_orders().await;
    let events = traces::events(&manager).await;
    assert_eq!(types(&events), BTreeSet::from(SAGA));
    system.stop().await.expect("all stop cleanly");
    is_a_tree(&collector.spans(TRACE), &events);
}

/// What managers see while the product service, and then the broker, is away, and afterwards.
async fn is_told_and_remembered(manager: &Person, system: &mut System) {
    let product = |status: &Value| -> Option<Value> {
        let mut services = status["Services"].as_array()?.iter();
        Some(services.find(|service| service["Name"] == "product")?.clone())
    };
    eventually("the product service is missed", async || {
        let away = product(&manager.get("/system/get-status").await)?;
        let says_what_fails = away["Without"].as_str().is_some_and(|text| text.contains("refused"));
        (away["Outage"]["State"] == "Away" && says_what_fails).then_some(())
    })
    .await;
    system.run("product", 0).expect("it starts");
    system.all_ready().await.expect("all are ready");
    system.rabbitmq.kill();
    // A connection may have ended while engines were started, which takes long on a slow machine.
    let asked = async |call: &str| {
        let answer = manager.try_get(&format!("/system/{call}")).await.ok()?;
        (answer.status == 200).then_some(answer.body)
    };
    eventually("the broker is missed", async || {
        let bus = asked("get-status").await?["Bus"].clone();
        (bus["Connected"] == false && bus["Engine"] == "RabbitMQ").then_some(())
    })
    .await;
    system.rabbitmq.restart().expect("it comes");
    system.all_ready().await.expect("all are ready");
    eventually("all is well, and remembered", async || {
        let status = asked("get-status").await?;
        let outages = asked("get-timeline").await?["Items"].clone();
        let over = |part: &str| {
            let mut of_part = outages.as_array()?.iter().filter(|outage| outage["Part"] == part);
            of_part.find(|outage| !outage["Until"].is_null()).cloned()
        };
        let services = status["Services"].as_array()?;
        let is_well = services.iter().chain([&status["Bus"]]).all(|part| part["Outage"].is_null());
        (is_well && over("product").is_some() && over("event bus").is_some()).then_some(())
    })
    .await;
    // The broker was away at the start and now, and each time a process says so once, however many requests wait.
    let complaints = system.complaints().expect("they log");
    let of = |process: &str, what: &str| {
        let said =
            complaints.iter().filter(|line| line.starts_with(process) && line.contains(what));
        said.count()
    };
    for part in registry::names() {
        let silent = of(part, "event store not responding");
        assert!(silent <= 2, "{part} says it {silent} times: {complaints:?}");
    }
    assert!(of("gateway", "product does not answer") <= 3, "{complaints:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_in_one_sentence() {
    for (args, variables, expected) in [
        (["run", "product"], vec![("AGORA_BUS", "kafka://here")], "bus"),
        (["run", "product"], vec![], "event store"),
        (["run", "storefront"], vec![], "gateway"),
        (["run", "product"], vec![("AGORA_BUS", "amqp://a:hush@127.0.0.1:1/")], "token-key"),
        (["run", "customer"], vec![("AGORA_BUS", "amqp://a:hush@127.0.0.1:1/")], "shop-secret"),
        (["up", "--json"], vec![("AGORA_EVENT_STORE", "mysql://here")], "event-store"),
        (["up", "--json"], vec![("AGORA_BUS_QUEUES", "lazy")], "bus-queues"),
        (["up", "--json"], vec![("AGORA_ORDER_DEADLINE", "soon")], "from 1 to 86400"),
    ] {
        let folder = crate::shop::Folder::new();
        let mut command = crate::run::program();
        command.args(args).envs(variables).arg("--data").arg(folder.data());
        let ran = output(&mut command).await.expect_code(1);
        assert!(ran.stderr.contains(expected) && !ran.stderr.contains("hush"), "{}", ran.stderr);
        assert!(!folder.data().exists(), "a refused start changes nothing");
    }
}
