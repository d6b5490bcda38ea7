//! `agora replay` against the stub.

use std::{collections::HashSet, ffi::OsStr, io::Write as _, path::Path};

use serde_json::{Value, json};

use crate::{
    run::{Ran, agora, answers, folder, journey},
    stub::{Fault, Saga, Stub, minor},
};

async fn replay(stub: &Stub, dir: &Path, flags: &[&str]) -> Ran {
    let args = [OsStr::new("replay"), dir.as_os_str(), OsStr::new("--json")];
    agora(stub, args.into_iter().chain(flags.iter().map(OsStr::new))).await
}

/// A shop with 10 units of tea at 1.00 and a customer with credit for 20.
async fn small_shop(saga: Saga) -> Stub {
    let stub = Stub::start().await;
    let mut shop = stub.shop();
    shop.saga = saga;
    shop.add_product(&json!({ "Code": "tea", "Name": "Tea", "Price": 1.00, "UnitsInStock": 10 }));
    shop.add_customer("ada", &json!(20.00));
    drop(shop);
    stub
}

/// A folder of so many orders of one unit of tea.
fn orders(count: usize) -> tempfile::TempDir {
    let rows = "ada,tea,1\n".repeat(count);
    folder(&[("orders.csv", &format!("UserName,ProductCode,Quantity\n{rows}"))])
}

fn outcomes(ran: &Ran) -> Value {
    ran.json()["outcomes"].clone()
}

#[tokio::test]
async fn real_purchases_come_out_to_the_cent_at_any_concurrency() {
    for concurrency in ["1", "64"] {
        let stub = Stub::start().await;
        agora(&stub, [OsStr::new("import"), journey().as_os_str()]).await.expect_code(0);
        let ran = replay(&stub, &journey(), &["--concurrency", concurrency]).await.expect_code(0);
        let answers = answers();
        let all = json!([{ "status": "Finalized", "reasons": [], "orders": answers["Orders"] }]);
        assert_eq!(outcomes(&ran), all);
        let shop = stub.shop();
        let sold: i64 = shop
            .orders
            .iter()
            .map(|order| minor(&order["Price"]) * order["Quantity"].as_i64().expect("a number"))
            .sum();
        assert_eq!(json!(sold), answers["RevenueMinor"]);
        assert!(shop.products.values().all(|product| product["UnitsInStock"] == 0));
        assert!(shop.customers.values().all(|customer| minor(&customer["Credit"]) == 0));
        if concurrency == "1" {
            assert_eq!(placed_by(&shop.orders), in_file(), "in the file's order");
        }
    }
}

fn placed_by(orders: &[Value]) -> Vec<String> {
    orders.iter().map(|order| order["UserName"].as_str().expect("a name").to_owned()).collect()
}

fn in_file() -> Vec<String> {
    let text = std::fs::read_to_string(journey().join("orders.csv")).expect("it is there");
    let user = |line: &str| line.split(',').nth(1).expect("a user name").to_owned();
    text.lines().skip(1).map(user).collect()
}

#[tokio::test]
async fn denied_orders_are_counted_by_reason() {
    let stub = small_shop(Saga::Told).await;
    let ran = replay(&stub, orders(25).path(), &[]).await.expect_code(0);
    let expected = json!([
        { "status": "Canceled", "reasons": ["out-of-stock"], "orders": 15 },
        { "status": "Finalized", "reasons": [], "orders": 10 },
    ]);
    assert_eq!(outcomes(&ran), expected);
}

#[tokio::test]
async fn an_order_has_not_ended_before_its_invoice_and_its_releases() {
    let stub = small_shop(Saga::EndsWhenAsked).await;
    let ran = replay(&stub, orders(12).path(), &[]).await.expect_code(0);
    assert_eq!(ran.json()["orders"], 12);
    // The stream said "Finalized" and "Canceled" of all of them at once; it took asking for each to see the end.
    assert_eq!(stub.shop().count("/order/get-orders"), 12);
}

#[tokio::test]
async fn what_the_stream_lost_is_asked_for_whatever_holds_an_order_in_flight() {
    for until in ["accepted", "ended"] {
        let stub = small_shop(Saga::Untold).await;
        let flags = ["--until", until, "--concurrency", "4"];
        let ran = replay(&stub, orders(8).path(), &flags).await.expect_code(0);
        assert_eq!(
            (ran.json()["orders"].clone(), ran.json()["unfinished"].clone()),
            (json!(8), json!(0))
        );
    }
}

#[tokio::test]
async fn orders_that_do_not_end_in_time_have_an_exit_code_of_their_own() {
    let stub = small_shop(Saga::NeverEnds).await;
    let ran = replay(&stub, orders(3).path(), &["--patience", "1"]).await.expect_code(4);
    assert_eq!(
        (ran.json()["orders"].clone(), ran.json()["unfinished"].clone()),
        (json!(0), json!(3))
    );
}

#[tokio::test]
async fn an_interrupted_stream_is_read_on_from_the_last_event() {
    let stub = small_shop(Saga::Told).await;
    stub.shop().cut_stream_every = Some(3);
    let ran = replay(&stub, orders(9).path(), &["--concurrency", "1"]).await.expect_code(0);
    assert_eq!(ran.json()["orders"], 9);
    let shop = stub.shop();
    let resumed: Vec<_> = shop.subscriptions.iter().map(Option::as_deref).collect();
    let expected = [None, Some("3"), Some("6"), Some("9"), Some("12"), Some("15"), Some("18")];
    assert_eq!(resumed.get(..6), expected.get(..6));
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_placed_once() {
    let stub = small_shop(Saga::Told).await;
    stub.shop().faults = [("place-order", Fault::AnswerLost), ("place-order", Fault::Busy)].into();
    let ran = replay(&stub, orders(5).path(), &["--concurrency", "2"]).await.expect_code(0);
    assert_eq!(ran.json()["orders"], 5);
    assert_eq!(stub.shop().orders.len(), 5);
    assert_eq!(stub.shop().count("/order/place-order"), 7);
}

#[tokio::test]
async fn a_run_that_is_repeated_places_nothing_twice_and_sees_the_same_end() {
    let stub = small_shop(Saga::Told).await;
    let dir = orders(6);
    let first = replay(&stub, dir.path(), &[]).await.expect_code(0);
    let run = first.json()["run"].as_str().expect("a run's id").to_owned();
    assert!(first.stderr.contains(&format!("run {run}: 6 orders")), "{first:?}");
    // All happened long ago: no event reports it any more.
    stub.shop().saga = Saga::Untold;
    let again = replay(&stub, dir.path(), &["--run", &run]).await.expect_code(0);
    assert_eq!(outcomes(&again), outcomes(&first));
    assert_eq!(stub.shop().orders.len(), 6);
    let keys: HashSet<_> = stub
        .shop()
        .requests
        .iter()
        .filter(|(_, path, _)| path.ends_with("place-order"))
        .map(|(_, _, key)| key.clone())
        .collect();
    assert_eq!(
        keys,
        (1..=6).map(|row| format!("{run}-{row}")).collect(),
        "rows that are alike have keys of their own"
    );
}

#[tokio::test]
async fn bad_rows_and_refused_orders_are_listed_and_the_others_placed() {
    let stub = small_shop(Saga::Told).await;
    let rows = "UserName,ProductCode,Quantity\nada,tea,1\nada,tea,0\nada,coffee,1\nnobody,tea,1\nada,tea,2\n";
    let ran = replay(&stub, folder(&[("orders.csv", rows)]).path(), &[]).await.expect_code(3);
    let bad_rows = ran.json()["bad_rows"].clone();
    let listed: Vec<_> = bad_rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| format!("{}: {}", row["line"], row["problem"].as_str().expect("text")))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r#"
    3: Quantity "0" is not a whole number from 1 to 1000
    4: the shop has no product "coffee"
    5: 404 Not Found: no such customer (request r-1)
    "#);
    assert_eq!(stub.shop().orders.len(), 2);
}

#[tokio::test]
async fn a_packed_file_is_read_as_well() {
    let stub = small_shop(Saga::Told).await;
    let dir = folder(&[]);
    let file = std::fs::File::create(dir.path().join("orders.csv.gz")).expect("writable");
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(b"UserName,ProductCode,Quantity\nada,tea,3\n").expect("writable");
    packed.finish().expect("writable");
    let ran = replay(&stub, dir.path(), &[]).await.expect_code(0);
    assert_eq!(ran.json()["orders"], 1);
    assert_eq!(stub.shop().orders[0]["Quantity"], 3);
}

#[tokio::test]
async fn people_read_rates_latencies_and_endings() {
    let stub = small_shop(Saga::Told).await;
    let dir = orders(12);
    let ran = agora(&stub, [OsStr::new("replay"), dir.path().as_os_str()]).await.expect_code(0);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("12 orders ended in "), "{ran:?}");
    assert!(lines[2].starts_with("place → accepted"), "{ran:?}");
    assert!(lines[3].starts_with("place → final"), "{ran:?}");
    assert_eq!(
        lines.get(4..),
        Some(&["        2 Canceled out-of-stock", "       10 Finalized"][..])
    );
}

#[tokio::test]
async fn rows_that_end_in_cr_alone_have_numbers_of_their_own() {
    let stub = small_shop(Saga::Told).await;
    let rows = "UserName,ProductCode,Quantity\rada,tea,1\rada,tea,1\rada,tea,2\r";
    let ran = replay(&stub, folder(&[("orders.csv", rows)]).path(), &[]).await.expect_code(0);
    assert_eq!(ran.json()["orders"], 3);
    assert_eq!(stub.shop().orders.len(), 3);
}

#[tokio::test]
async fn many_bad_rows_are_counted_and_put_into_a_file() {
    let stub = small_shop(Saga::Told).await;
    let unknown: Vec<String> = (0..500).map(|number| format!("ada,p{number},1")).collect();
    let unknown = unknown.join("\n");
    let rows = format!("UserName,ProductCode,Quantity\nada,tea,1\n{unknown}\nada,tea,0\n");
    let dir = folder(&[("orders.csv", &rows)]);
    let file = dir.path().join("left-out.csv");
    let flag = ["--bad-rows", file.to_str().expect("text")];
    let ran = replay(&stub, dir.path(), &flag).await.expect_code(3);
    let report = ran.json();
    assert_eq!(report["bad_rows_total"], 501);
    assert_eq!(report["bad_rows"].as_array().expect("a list").len(), 20);
    assert_eq!(report["bad_rows_by_reason"]["the shop has no product \"…\""], 500);
    assert_eq!(std::fs::read_to_string(&file).expect("written").lines().count(), 502);

    let args = [OsStr::new("replay"), dir.path().as_os_str()];
    let ran = agora(&stub, args.into_iter().chain(flag.map(OsStr::new))).await.expect_code(3);
    assert!(ran.stderr.lines().count() < 40, "{}", ran.stderr);
    assert!(ran.stderr.contains("501 rows were skipped or refused"), "{}", ran.stderr);
    assert!(ran.stderr.contains("left-out.csv"), "{}", ran.stderr);
}
