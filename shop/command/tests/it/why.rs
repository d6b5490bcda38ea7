//! `agora why` against a real shop.

use serde_json::Value;

use crate::{
    run::{Ran, output, program},
    shop::{PASSWORD, Shop},
};

/// A shop in which mia has bought a lamp, and all of its events.
async fn bought() -> (Shop, Vec<Value>, String) {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["mia"], "100.00").await;
    let lamps = manager.add_products(&["Lamp"], ("24.90", 5)).await;
    let order = manager.order(&lamps[0], "mia").await;
    manager.ended_orders().await;
    let events = manager.events().await;
    (shop, events, order)
}

async fn why(shop: &Shop, args: &[&str]) -> Ran {
    let mut command = program();
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).env("COLUMNS", "80").arg("why");
    output(command.args(args).args(["--url", &shop.url])).await
}

fn number(event: &Value, field: &str) -> u64 {
    event[field].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn any_event_of_a_purchase_leads_to_its_causes_and_to_all_that_followed() {
    let (shop, events, order) = bought().await;
    let of = |kind: &str| events.iter().find(|event| event["Type"] == kind).expect("recorded");
    let placed = of("order.placed");
    let reactions: Vec<&Value> = events.iter().filter(|event| event["Cause"].is_u64()).collect();
    for asked in [&order, &number(placed, "Position").to_string()] {
        let found = why(&shop, &[asked, "--json"]).await.expect_code(0).json();
        assert_eq!(found["Event"], *placed);
        let followed: Vec<&Value> = found["Followed"].as_array().expect("a list").iter().collect();
        assert_eq!(followed, reactions, "all that was recorded for the order, by four services");
    }
    let by_request = placed["Correlation"].as_str().expect("an id");
    let found = why(&shop, &[by_request, "--json"]).await.expect_code(0).json();
    assert_eq!(found["Event"], *placed);

    let invoice = of("accounting.invoice-issued");
    let position = number(invoice, "Position").to_string();
    let text = why(&shop, &[&position]).await.expect_code(0).stdout;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let finalized = number(of("order.finalized"), "Position");
    for said in [
        format!("Event {position}: accounting.invoice-issued\n"),
        "order.placed                requested by manager admin\n".to_owned(),
        format!(" after {finalized}, by accounting\n"),
        "What followed\n  nothing\n".to_owned(),
    ] {
        assert!(text.contains(&said), "{said:?} is not in\n{text}");
    }
    let lines = shop.folder.log();
    let line = lines.lines().find(|line| line.contains("placed:")).expect("a line of the log");
    assert!(line.contains(by_request), "its correlation can be asked about: {line}");
    let request = lines.lines().find(|line| line.contains("POST /place-order 2"));
    let request = request.unwrap_or_else(|| panic!("a line of the request: {lines}"));
    let trace = request.split("\"trace.id\":\"").nth(1).or(request.split("trace.id=").nth(1));
    let trace: String = trace.expect("a trace").trim_matches('"').chars().take(32).collect();
    let found = why(&shop, &[&trace, "--json"]).await.expect_code(0).json();
    assert_eq!(found["Event"], *placed, "the trace of a line of the log: {request}");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let (shop, events, _) = bought().await;
    let last = events.len();
    let beyond = (last + 1).to_string();
    let ran = why(&shop, &[&beyond]).await.expect_code(1);
    assert!(ran.stderr.contains(&format!("the last one recorded is {last}")), "{}", ran.stderr);
    let nothing = "a60a0000-0000-0000-0000-0000000f4240";
    let ran = why(&shop, &[nothing]).await.expect_code(1);
    assert!(ran.stderr.contains("neither an order nor"), "{}", ran.stderr);
    let ran = why(&shop, &["tea"]).await.expect_code(2);
    assert!(ran.stderr.contains("must be a position, such as 812"), "{}", ran.stderr);
}
