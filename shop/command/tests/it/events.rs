//! `agora events` against the stub.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::{
    run::{agora, program},
    shop::PATIENCE,
    stub::{PASSWORD, Stub},
};

fn event(stream: &str, version: u64, kind: &str, data: &Value) -> Value {
    json!({
        "Stream": stream, "Version": version, "Type": kind, "Schema": 1,
        "Time": "2026-01-31T12:00:00.123456Z", "Data": data,
    })
}

async fn shop_with_events() -> Stub {
    let stub = Stub::start().await;
    let tea = "product-a60a0000-0000-0000-0000-000000000001";
    stub.record(event(tea, 0, "product.added", &json!({ "name": "Tea", "price": 350 })));
    stub.record(event("order-7", 0, "order.placed", &json!({ "quantity": 2 })));
    stub.record(event(tea, 1, "product.stock-reserved", &json!({ "order": "7", "quantity": 2 })));
    stub
}

fn positions(stdout: &str) -> Vec<u64> {
    let position = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("a line of JSON");
        event["Position"].as_u64().expect("a number")
    };
    stdout.lines().map(position).collect()
}

#[tokio::test]
async fn people_read_when_and_what_and_below_it_where_and_the_data() {
    let stub = shop_with_events().await;
    let ran = agora(&stub, ["events"]).await.expect_code(0);
    let expected = "      \
      1  2026-01-31 12:00:00.123  product.added\n         \
         product-a60a0000-0000-0000-0000-000000000001@0  name=Tea  price=350\n      \
      2  2026-01-31 12:00:00.123  order.placed\n         \
         order-7@0  quantity=2\n      \
      3  2026-01-31 12:00:00.123  product.stock-reserved\n         \
         product-a60a0000-0000-0000-0000-000000000001@1  order=7  quantity=2\n";
    assert_eq!(ran.stdout, expected);
}

#[tokio::test]
async fn the_last_events_are_found_from_the_end() {
    let stub = Stub::start().await;
    for version in 0..3000 {
        let (stream, kind) = match version {
            5 => ("product-x", "product.added"),
            _ => ("order-7", "order.placed"),
        };
        stub.record(event(stream, version, kind, &json!({})));
    }
    let ran = agora(&stub, ["events", "--json", "--last", "3"]).await.expect_code(0);
    assert_eq!(positions(&ran.stdout), [2998, 2999, 3000]);
    let pages = stub.shop().count("/events/read-all");
    assert!(pages <= 10, "{pages} pages");
    let ran = agora(&stub, ["events", "--json", "--last", "3", "--category", "product"]).await;
    assert_eq!(positions(&ran.expect_code(0).stdout), [6], "however far back");
    agora(&stub, ["events", "--last", "3", "--from", "1"]).await.expect_code(2);
}

#[tokio::test]
async fn where_nothing_fits_it_is_said_what_there_is() {
    let stub = shop_with_events().await;
    for (filter, said) in [
        (
            ["--type", "order.plcaed"],
            "There are no events of the type order.plcaed; did you mean order.placed? There are: order.placed, product.added, product.stock-reserved",
        ),
        (
            ["--type", "parcel.sent"],
            "There are no events of the type parcel.sent; there are: order.placed, product.added, product.stock-reserved",
        ),
        (
            ["--category", "nope"],
            "There are no events of the category nope; there are: order, product",
        ),
        (
            ["--stream", "order-nope"],
            "There are no events of the stream order-nope; the newest of order are: order-7",
        ),
        (
            ["--from", "99"],
            "There are no events that fit: all of these were recorded at other times or positions",
        ),
    ] {
        let ran = agora(&stub, ["events"].into_iter().chain(filter)).await.expect_code(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.trim_end()), ("", said));
    }
    let short = agora(&stub, ["events", "--json", "--stream", "product-000000000001"]).await;
    assert_eq!(positions(&short.expect_code(0).stdout), [1, 3], "as logs show it");
}

#[tokio::test]
async fn an_orders_events_show_its_number_and_are_found_by_it() {
    let stub = shop_with_events().await;
    let order = "order-0190c7f2-8b1e-7c3a-9f00-12345e7b2954";
    stub.record(event(order, 0, "order.placed", &json!({ "quantity": 2 })));
    stub.record(event(order, 1, "order.approved", &json!({})));
    let shown = agora(&stub, ["events", "--stream", order]).await.expect_code(0).stdout;
    assert!(shown.contains(&format!("{order}@1  #5E7B-2954")), "{shown}");
    for number in ["5E7B-2954", "#5e7b2954", "order-5E7B-2954", "order-5e7b2954"] {
        let ran = agora(&stub, ["events", "--json", "--stream", number]).await.expect_code(0);
        assert_eq!(positions(&ran.stdout), [4, 5], "{number}");
    }
    let none = agora(&stub, ["events", "--stream", "5E7B-2955"]).await.expect_code(0);
    assert!(none.stderr.contains("no events"), "{none:?}");
}

#[tokio::test]
async fn a_part_of_a_type_is_answered_with_the_types_that_have_it() {
    let stub = shop_with_events().await;
    let there = "There are: order.placed, product.added, product.stock-reserved";
    for (kind, said) in [
        ("nope", "There are no events of the type nope; there are: order.placed, product.added, product.stock-reserved".to_owned()),
        ("placed", format!("There are no events of the type placed; did you mean order.placed? {there}")),
    ] {
        let ran = agora(&stub, ["events", "--type", kind]).await.expect_code(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.trim_end()), ("", &*said));
    }
    let ran = agora(&stub, ["events", "--follow", "--type", "denied"]).await.expect_code(2);
    let said = "no event can have the type denied; did you mean order.denied, product.stock-denied or customer.credit-denied?";
    assert!(ran.stderr.contains(said), "it would wait forever: {ran:?}");
    let ran = agora(&stub, ["events", "--type", "Nonsense"]).await.expect_code(2);
    assert!(ran.stderr.contains("is not of the form category.name"), "{ran:?}");
}

#[tokio::test]
async fn machines_read_events_as_they_were_answered() {
    let stub = shop_with_events().await;
    let ran = agora(&stub, ["events", "--json"]).await.expect_code(0);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, stub.shop().recorded);
}

#[tokio::test]
async fn all_pages_are_read_and_no_more_than_the_limit_is_printed() {
    let stub = Stub::start().await;
    for version in 0..300 {
        stub.record(event("order-7", version, "order.placed", &json!({})));
    }
    let ran = agora(&stub, ["events", "--json"]).await.expect_code(0);
    assert_eq!(positions(&ran.stdout), (1..=300).collect::<Vec<_>>());
    let ran = agora(&stub, ["events", "--json", "--limit", "7"]).await.expect_code(0);
    assert_eq!(positions(&ran.stdout), (1..=7).collect::<Vec<_>>());
    let (_, last, _) = stub.shop().requests.last().expect("asked").clone();
    assert_eq!(last, "/events/read-all?Limit=7");
}

#[tokio::test]
async fn filters_are_the_stores_to_apply_and_checked_here() {
    let stub = shop_with_events().await;
    let asked = |stub: &Stub| stub.shop().requests.last().expect("asked").1.clone();
    let args =
        ["events", "--json", "--category", "product", "--type", "product.added", "--from", "1"];
    let ran = agora(&stub, args).await.expect_code(0);
    assert_eq!(
        asked(&stub),
        "/events/read-all?From=1&Category=product&Type=product.added&Limit=500"
    );
    assert_eq!(positions(&ran.stdout), [1]);
    let ran = agora(&stub, ["events", "--json", "--stream", "order-7"]).await.expect_code(0);
    assert_eq!(asked(&stub), "/events/read-stream?Stream=order-7&Limit=500");
    assert_eq!(positions(&ran.stdout), [2]);
    let times =
        ["events", "--since", "2026-01-01T00:00:00+01:00", "--until", "2026-02-01T00:00:00Z"];
    agora(&stub, times).await.expect_code(0);
    let expected = "/events/read-all?Since=2025-12-31T23%3A00%3A00.000000Z&Until=2026-02-01T00%3A00%3A00.000000Z&Limit=500";
    assert_eq!(asked(&stub), expected);
    agora(&stub, ["events", "--stream", "no stream"]).await.expect_code(2);
}

#[tokio::test]
async fn followed_events_arrive_as_they_are_recorded_across_interruptions() {
    let stub = shop_with_events().await;
    stub.shop().cut_stream_every = Some(2);
    let mut command = program();
    command.args(["events", "--follow", "--json", "--limit", "5", "--category", "order"]);
    command.args(["--url", &stub.url]).env("AGORA_ADMIN_PASSWORD", PASSWORD).stdout(Stdio::piped());
    let mut tool = command.spawn().expect("it starts");
    let mut lines = BufReader::new(tool.stdout.take().expect("piped")).lines();
    // It is known to listen once the first event arrives: record until then.
    let listens = async {
        while stub.shop().subscriptions.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, listens).await.expect("it follows");
    let mut seen = Vec::new();
    for version in 1..=5 {
        stub.record(event("product-x", version, "product.added", &json!({})));
        stub.record(event("order-7", version, "order.placed", &json!({})));
        let line = lines.next_line().await.expect("readable").expect("another event");
        seen.extend(positions(&line));
    }
    assert_eq!(seen, [5, 7, 9, 11, 13], "from after what was there before");
    assert!(tool.wait().await.expect("it ends").success(), "after its limit");
    assert!(stub.shop().subscriptions.len() > 1, "it was interrupted");
}

#[tokio::test]
async fn a_reader_that_stops_early_is_not_an_error() {
    let stub = Stub::start().await;
    for version in 0..2000 {
        stub.record(event("order-7", version, "order.placed", &json!({ "note": "x".repeat(200) })));
    }
    let mut command = program();
    command.args(["events", "--json"]).args(["--url", &stub.url]);
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = command.spawn().expect("it starts");
    let mut lines = BufReader::new(tool.stdout.take().expect("piped")).lines();
    lines.next_line().await.expect("readable");
    drop(lines);
    let ended = tool.wait_with_output().await.expect("it ends");
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}
