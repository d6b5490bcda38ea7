//! A part of real purchases through the whole shop: imported, replayed, and right to the cent.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{
    books::Books,
    run::{answers, journey},
    shop::{Folder, Person, Shop, eventually},
};

#[tokio::test]
async fn the_known_answers_hold_one_after_the_other_and_side_by_side() {
    let shop = Shop::start().await;
    let folder = journey();
    let folder = folder.to_str().expect("a path in UTF-8");
    let first = shop.tool(&["import", folder, "--json"]).await.expect_code(0).json();
    assert_eq!(first["products"]["created"], answers()["Products"]);
    assert_eq!(first["customers"]["created"], answers()["Customers"]);
    let again = shop.tool(&["import", folder, "--json"]).await.expect_code(0).json();
    for kind in ["categories", "products", "customers"] {
        let tally = &again[kind];
        assert_eq!(
            (&tally["created"], &tally["changed"]),
            (&0.into(), &0.into()),
            "{kind}: {again}"
        );
    }
    let imported = shop.down().await;
    let side_by_side = imported.copy();
    tokio::join!(replayed(imported, "1"), replayed(side_by_side, "64"));
}

/// Replays the orders over an imported catalogue, and compares what the shop then says with the known answers.
async fn replayed(imported: Folder, concurrency: &str) {
    let shop = imported.up().await;
    let folder = journey();
    let folder = folder.to_str().expect("a path in UTF-8");
    let replay = ["replay", folder, "--concurrency", concurrency, "--json"];
    let report = shop.tool(&replay).await.expect_code(0).json();
    assert_eq!((&report["orders"], &report["unfinished"]), (&answers()["Orders"], &0.into()));
    known_answers_hold(&shop.manager().await).await;
    shop.down().await;
}

/// After all orders of the journey, and no others.
pub(crate) async fn known_answers_hold(manager: &Person) {
    // A client that has written nothing gets no position that the books must have reached.
    eventually("the books have all invoices", async || {
        let revenue = manager.get("/accounting/get-revenue").await;
        (revenue["Invoices"] == answers()["Invoices"]).then_some(())
    })
    .await;
    revenue_is_right(manager, &answers()).await;
    for product in manager.list("/product/get-all-products").await {
        assert_eq!((&product["UnitsInStock"], &product["Available"]), (&0.into(), &0.into()));
    }
    for user in manager.list("/customer/get-all-users").await {
        let money = [&user["Credit"], &user["Reserved"], &user["Available"]].map(Value::as_f64);
        let is_manager = user["Role"] == "manager";
        assert!(is_manager || money == [Some(0.0); 3], "{user}");
    }
    Books::of(&manager.events().await).all_ended();
}

/// The whole of the purchases, where they are at hand: they are too large to keep here.
#[tokio::test]
async fn the_known_answers_of_the_whole_journey_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/journey");
    if !folder.exists() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    let shop = Shop::start().await;
    let folder = folder.to_str().expect("a path in UTF-8");
    let imported = shop.tool(&["import", folder, "--json"]).await.expect_code(0).json();
    assert_eq!(imported["products"]["created"], 9120);
    assert_eq!(imported["customers"]["created"], 1059);
    let imported = shop.down().await;
    let side_by_side = imported.copy();
    tokio::join!(whole_journey(imported, "1"), whole_journey(side_by_side, "64"));
}

async fn whole_journey(imported: Folder, concurrency: &str) {
    let shop = imported.up().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/journey");
    let folder = folder.to_str().expect("a path in UTF-8");
    let replay = ["replay", folder, "--concurrency", concurrency, "--json"];
    let report = shop.tool(&replay).await.expect_code(0).json();
    assert_eq!((&report["orders"], &report["unfinished"]), (&20_000.into(), &0.into()));
    let manager = shop.manager().await;
    let revenue = manager.get("/accounting/get-revenue").await;
    assert_eq!((cents(&revenue["Revenue"]), &revenue["Invoices"]), (5_583_372, &20_000.into()));
    let products = manager.list("/product/get-all-products").await;
    assert_eq!(products.len(), 9120);
    for product in products {
        assert_eq!((&product["UnitsInStock"], &product["Available"]), (&0.into(), &0.into()));
    }
    let users = manager.list("/customer/get-all-users").await;
    let customers = users.iter().filter(|user| user["Role"] != "manager");
    let left: Vec<i64> = customers.map(|user| cents(&user["Credit"])).collect();
    assert_eq!(left, vec![0; 1059]);
    shop.down().await;
}

async fn revenue_is_right(manager: &Person, answers: &Value) {
    let invoices = manager.list("/accounting/get-invoices").await;
    let mut numbers: Vec<u64> =
        invoices.iter().filter_map(|invoice| invoice["InvoiceNumber"].as_u64()).collect();
    numbers.sort_unstable();
    assert!((1..=1000).eq(numbers), "invoices are numbered without gaps");
    let mut by_user: BTreeMap<String, i64> = BTreeMap::new();
    for invoice in &invoices {
        let user = invoice["UserName"].as_str().expect("a text").to_owned();
        *by_user.entry(user).or_default() += cents(&invoice["Total"]);
    }
    assert_eq!(serde_json::json!(by_user), answers["RevenueMinorByCustomer"]);
    let revenue = manager.get("/accounting/get-revenue").await;
    assert_eq!(cents(&revenue["Revenue"]), answers["RevenueMinor"]);
    assert_eq!(revenue["Invoices"], answers["Invoices"]);
    let products = manager.list("/product/get-all-products").await;
    let codes: BTreeMap<&str, &str> = products.iter().filter_map(code).collect();
    let by_product = revenue["ByProduct"].as_array().expect("a list").iter();
    let by_product: BTreeMap<&str, i64> = by_product
        .map(|product| {
            (codes[product["ProductId"].as_str().expect("an id")], cents(&product["Revenue"]))
        })
        .collect();
    assert_eq!(serde_json::json!(by_product), answers["RevenueMinorByProduct"]);
}

fn code(product: &Value) -> Option<(&str, &str)> {
    Some((product["ProductId"].as_str()?, product["Code"].as_str()?))
}

#[tokio::test]
async fn with_every_stock_halved_nothing_is_oversold() {
    let halved = Folder::new();
    halve(&journey().join("products.csv"), &halved.path().join("products.csv"));
    for file in ["customers.csv", "orders.csv"] {
        fs::copy(journey().join(file), halved.path().join(file)).expect("a file");
    }
    let folder = halved.path().to_str().expect("a path in UTF-8").to_owned();
    let shop = Shop::start().await;
    shop.tool(&["import", &folder]).await.expect_code(0);
    shop.tool(&["replay", &folder, "--concurrency", "64", "--json"]).await.expect_code(0);
    let manager = shop.manager().await;
    let books = Books::of(&manager.events().await);
    books.all_ended();
    let (mut received, mut sold) = (0, 0);
    for product in manager.list("/product/get-all-products").await {
        let id = product["ProductId"].as_str().expect("an id");
        let account = &books.accounts[&format!("product-{id}")];
        let on_hand = product["UnitsInStock"].as_i64().expect("a whole number");
        assert_eq!(account.in_all, on_hand + account.gone, "received = on hand + sold: {product}");
        received += account.in_all;
        sold += account.gone;
    }
    assert_eq!(answers()["HalvedUnitsReceived"], received);
    assert!(sold > received / 2 && sold <= received, "{sold} of {received} were sold");
    shop.down().await;
}

/// Writes a file of products again, each with half the stock, rounded down.
fn halve(from: &Path, to: &Path) {
    let mut reader = csv::Reader::from_path(from).expect("a file");
    let mut writer = csv::Writer::from_path(to).expect("a file");
    let header = reader.headers().expect("a header").clone();
    let stock = header.iter().position(|name| name == "UnitsInStock").expect("the column");
    writer.write_record(&header).expect("a header");
    for row in reader.records() {
        let row = row.expect("a row");
        let halved = row.iter().enumerate().map(|(column, field)| {
            if column == stock {
                (field.parse::<i64>().expect("a whole number") / 2).to_string()
            } else {
                field.to_owned()
            }
        });
        writer.write_record(halved).expect("a row");
    }
    writer.flush().expect("a file");
}

/// Money as the REST API shows it, in minor units.
fn cents(money: &Value) -> i64 {
    let money: contracts::money::Decimal =
        serde_json::from_value(money.clone()).expect("an amount");
    money.0.minor()
}
