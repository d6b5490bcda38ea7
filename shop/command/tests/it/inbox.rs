//! `agora inbox`: what could not be taken is listed, retried and skipped; on a real shop, and with services that do not answer.

use std::sync::Arc;

use contracts::{customer::CustomerEvent, product::ProductEvent};
use kernel::{
    Actor, Clock as _, EventId, EventType, Expected, Metadata, NewEvent, StreamId, Version,
};
use runtime::clock::SystemClock;
use serde_json::{Value, json, value::to_raw_value};
use store::{Append, LogStore, Writer as _};
use uuid::Uuid;

use crate::{
    run::agora,
    shop::{Folder, Shop, eventually},
    stub::Stub,
};

fn entry(subscriber: &str, position: u64) -> Value {
    json!({
        "Subscriber": subscriber, "Position": position, "Stream": "order-1", "Version": 1, "Reason": "it is broken",
        "Waiting": 2,
    })
}

#[tokio::test]
async fn inboxes_of_guests_are_listed_and_services_that_do_not_answer_are_named() {
    let stub = Stub::start().await;
    // Every process has the inbox of the ended sessions.
    let sessions = entry("customer.sessions", 9);
    stub.shop().inboxes = [
        ("customer", Ok(json!([sessions]))),
        ("events", Err(404)),
        ("points", Ok(json!([entry("points.projector", 7), sessions]))),
        ("order", Err(503)),
    ]
    .map(|(name, inbox)| (name.to_owned(), inbox))
    .into();
    let listed = agora(&stub, ["inbox"]).await.expect_code(0);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "customer.sessions@9  order-1: it is broken, 2 events wait",
            "points.projector@7  order-1: it is broken, 2 events wait",
        ]
    );
    assert!(listed.stderr.contains("order does not answer, so what is in its inbox is not known"));
    stub.shop().inboxes = [("order".to_owned(), Err(503))].into();
    let nothing = agora(&stub, ["inbox"]).await.expect_code(0);
    assert_eq!(nothing.stdout, "", "it is not known that all are empty");
}

/// Has events recorded in a stopped shop that nothing can read, each at the end of its stream.
async fn forge(folder: &Folder, events: [(&StreamId, u64, &str); 2]) {
    let options = eventlog::Options::new([0; 16]);
    let log = LogStore::open(&folder.data().join("log"), Arc::new(eventlog::OsFiles), options);
    let mut log = log.expect("the shop's log");
    for (number, (stream, version, kind)) in (1..).zip(events) {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(number)),
            kind: EventType::parse(kind).expect("a type"),
            schema: 1,
            metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(9)),
            data: to_raw_value(&json!({ "forged": true })).expect("JSON"),
        };
        let expected = Expected::Version(Version(version));
        let append = Append { stream: stream.clone(), expected, events: vec![event].into() };
        let committed = log.writer.commit(&[append], SystemClock.now()).await;
        assert!(committed.is_ok(), "it is recorded");
    }
}

/// The entries as they are named, without those of other streams.
async fn entries(shop: &Shop) -> Vec<String> {
    let listed = shop.tool(&["inbox"]).await.expect_code(0);
    let lines = listed.stdout.lines().filter(|line| line.contains('@'));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_cannot_be_taken_is_retried_and_skipped_by_the_command() {
    let shop = Folder::new().up().await;
    let manager = shop.manager().await;
    manager.add_customers(&["ida"], "100").await;
    let lamp = manager.add_products(&["Lamp"], ("1.50", 10)).await.remove(0);
    let recorded = manager.events().await;
    let stream_of = |kind: &str| {
        let last = recorded.iter().rfind(|event| event["Type"] == kind).expect("it is recorded");
        StreamId::parse(last["Stream"].as_str().expect("a name")).expect("a stream")
    };
    let (product, customer) =
        (stream_of(ProductEvent::ADDED), stream_of(CustomerEvent::REGISTERED));
    let last = |stream: &StreamId| {
        let of_stream = recorded.iter().rfind(|event| event["Stream"] == stream.as_str());
        of_stream.and_then(|event| event["Version"].as_u64()).expect("a version")
    };
    let head = recorded.len() as u64;
    let (released, out) = (head + 1, head + 2);
    let folder = shop.down().await;
    let forged = [
        (&product, last(&product), ProductEvent::STOCK_RELEASED),
        (&customer, last(&customer), CustomerEvent::LOGGED_OUT),
    ];
    forge(&folder, forged).await;

    let shop = folder.up().await;
    let manager = manager.at(&shop);
    let listed = entries(&shop).await;
    let sessions = format!("customer.sessions@{out}");
    let model = format!("product.projector@{released}");
    for name in [&sessions, &model] {
        assert_eq!(listed.iter().filter(|listed| *listed == name).count(), 1, "{listed:?}");
    }
    let retried = shop.tool(&["inbox", "--retry", &model]).await.expect_code(0);
    assert!(retried.stdout.contains(&format!("{model} is retried: recorded at")), "{retried:?}");
    // It still cannot be read, and what follows it waits.
    let change = json!({ "ProductId": lamp, "Name": "Lantern" });
    manager.post("/product/update-product", change).await.ok();
    assert!(entries(&shop).await.contains(&model));
    let found = format!("/product/get-product-details?ProductId={lamp}");
    assert_eq!(manager.get(&found).await["Name"], "Lamp");
    for entry in listed {
        let skip = ["inbox", "--skip", &entry, "--reason", "forged"];
        let skipped = shop.tool(&skip).await.expect_code(0);
        assert!(
            skipped.stdout.contains(&format!("{entry} is skipped: recorded at")),
            "{skipped:?}"
        );
    }
    eventually("all inboxes are empty", async || {
        let inbox = shop.tool(&["inbox"]).await.expect_code(0);
        (inbox.stdout == "All inboxes are empty.\n").then_some(())
    })
    .await;
    assert_eq!(manager.get(&found).await["Name"], "Lantern", "what waited");
    shop.down().await;
}
