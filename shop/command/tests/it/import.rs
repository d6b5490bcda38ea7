//! `agora import` against the stub.

use std::{collections::HashSet, ffi::OsStr, fmt::Write as _, path::Path};

use serde_json::json;

use crate::{
    run::{Ran, agora, answers, folder, journey},
    stub::{Fault, Stub, minor},
};

const PRODUCTS: &str = "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock\n";

async fn import(stub: &Stub, dir: &Path, flags: &[&str]) -> Ran {
    let args = [OsStr::new("import"), dir.as_os_str()];
    agora(stub, args.into_iter().chain(flags.iter().map(OsStr::new))).await
}

fn posts(stub: &Stub) -> usize {
    stub.shop().requests.iter().filter(|(method, _, _)| method == "POST").count()
}

#[tokio::test]
async fn an_import_brings_in_what_the_files_say_and_a_second_one_nothing() {
    let stub = Stub::start().await;
    let answers = answers();
    let first = import(&stub, &journey(), &["--json"]).await.expect_code(0).json();
    let created = |kind: &str| first[kind]["created"].clone();
    assert_eq!(created("categories"), answers["Categories"]);
    assert_eq!(created("products"), answers["Products"]);
    assert_eq!(created("customers"), answers["Customers"]);
    {
        let shop = stub.shop();
        let units: i64 =
            shop.products.values().filter_map(|product| product["UnitsInStock"].as_i64()).sum();
        assert_eq!(json!(units), answers["Units"]);
        let credit: i64 = shop.customers.values().map(|customer| minor(&customer["Credit"])).sum();
        assert_eq!(json!(credit), answers["RevenueMinor"]);
    }
    let posts_before = posts(&stub);
    let second = import(&stub, &journey(), &["--json"]).await.expect_code(0).json();
    for (kind, count) in
        [("categories", "Categories"), ("products", "Products"), ("customers", "Customers")]
    {
        assert_eq!(
            second[kind],
            json!({ "created": 0, "changed": 0, "unchanged": answers[count] })
        );
    }
    assert_eq!(posts(&stub), posts_before + 1, "only the log-in");
}

#[tokio::test]
async fn a_repeated_import_corrects_products_but_does_not_undo_sales() {
    let stub = Stub::start().await;
    let row =
        |price: u32, stock: u32| format!("{PRODUCTS}a1,Ale,Dark,Abbey,Drinks,{price},{stock}\n");
    let dir = folder(&[
        ("products.csv", &row(250, 10)),
        ("customers.csv", "UserName,CreditMinor\nada,5000\n"),
    ]);
    import(&stub, dir.path(), &[]).await.expect_code(0);
    stub.shop().products.get_mut("a1").expect("imported")["UnitsInStock"] = json!(7);
    stub.shop().customers.get_mut("ada").expect("imported")["Credit"] = json!(42.50);

    std::fs::write(dir.path().join("products.csv"), row(275, 10)).expect("writable");
    import(&stub, dir.path(), &[]).await.expect_code(0);
    let product = |field: &str| stub.shop().products["a1"][field].clone();
    let credit = || minor(&stub.shop().customers["ada"]["Credit"]);
    assert_eq!(
        (product("Price"), product("UnitsInStock"), credit()),
        (json!(2.75), json!(7), 4250)
    );

    import(&stub, dir.path(), &["--set-stock", "--set-credit"]).await.expect_code(0);
    assert_eq!(
        (product("Price"), product("UnitsInStock"), credit()),
        (json!(2.75), json!(10), 5000)
    );
}

#[tokio::test]
async fn bad_rows_are_listed_by_line_and_skipped() {
    let stub = Stub::start().await;
    let products = format!(
        "{PRODUCTS}a1,Ale,,,Drinks,250,3\na2,Bad price,,,Drinks,2.50,3\na1,Twice,,,Drinks,250,3\na4,Short\na5,Free,,,Drinks,0,3\n"
    );
    let customers = "UserName,CreditMinor\nada,100\nEve,100\n,5\n";
    let dir = folder(&[("products.csv", &products), ("customers.csv", customers)]);
    let ran = import(&stub, dir.path(), &["--json"]).await.expect_code(3);
    let listed: Vec<_> = ran.json()["bad_rows"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            format!(
                "{}:{}: {}",
                row["file"].as_str().expect("text"),
                row["line"],
                row["problem"].as_str().expect("text")
            )
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r#"
    customers.csv:3: 422 Unprocessable Entity: some fields are at fault — UserName has other characters than a-z (request r-1)
    customers.csv:4: UserName is empty
    products.csv:3: PriceMinor "2.50" is not a whole number from 0 to 100000000000
    products.csv:4: "a1" is in line 2 already
    products.csv:5: has 2 fields, not 7
    products.csv:6: 422 Unprocessable Entity: some fields are at fault — Price is nothing (request r-1)
    "#);
    assert_eq!(stub.shop().products.keys().collect::<Vec<_>>(), ["a1"]);
    assert_eq!(stub.shop().customers.keys().collect::<Vec<_>>(), ["ada"]);
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_still_gets_its_credit() {
    let stub = Stub::start().await;
    stub.shop().faults = [("add-user", Fault::AnswerLost)].into();
    stub.shop().add_customer("bob", &json!(1.00));
    let dir = folder(&[("customers.csv", "UserName,CreditMinor\nada,12345\nbob,500\n")]);
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(0).json();
    assert_eq!(report["customers"], json!({ "created": 1, "changed": 0, "unchanged": 1 }));
    let credit = |name: &str| minor(&stub.shop().customers[name]["Credit"]);
    assert_eq!((credit("ada"), credit("bob")), (12345, 100), "who existed before is left alone");
}

#[tokio::test]
async fn new_customers_get_passwords_that_nobody_sees() {
    let stub = Stub::start().await;
    let dir = folder(&[("customers.csv", "UserName,CreditMinor\nada,1\nbob,1\n")]);
    let ran = import(&stub, dir.path(), &[]).await.expect_code(0);
    let passwords: HashSet<String> = stub.shop().passwords.values().cloned().collect();
    assert_eq!(passwords.len(), 2, "each has its own");
    for password in &passwords {
        assert_eq!(password.len(), 32);
        assert!(!ran.stdout.contains(password) && !ran.stderr.contains(password));
    }
    let dir = folder(&[("customers.csv", "UserName,CreditMinor\ncyd,1\n")]);
    import(&stub, dir.path(), &["--password", "for the test"]).await.expect_code(0);
    assert_eq!(stub.shop().passwords["cyd"], "for the test");
}

#[tokio::test]
async fn people_read_a_summary_and_a_pipe_gets_no_bars() {
    let stub = Stub::start().await;
    let dir = folder(&[("customers.csv", "UserName,CreditMinor\nada,1\nbob,1\n")]);
    let ran = import(&stub, dir.path(), &[]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    categories: 0 new, 0 changed, 0 unchanged
      products: 0 new, 0 changed, 0 unchanged
     customers: 2 new, 0 changed, 0 unchanged
    ");
    let stderr = ran.stderr.replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(stderr, "DIR has no products.csv: none are imported\n");
}

#[tokio::test]
async fn a_folder_without_files_is_an_error() {
    let stub = Stub::start().await;
    let dir = folder(&[]);
    let ran = import(&stub, dir.path(), &[]).await.expect_code(1);
    assert!(ran.stderr.contains("holds neither products.csv nor customers.csv"), "{ran:?}");
    assert_eq!(stub.shop().requests, Vec::<(String, String, String)>::new());
}

#[tokio::test]
async fn categories_are_compared_as_the_shop_compares_them() {
    let stub = Stub::start().await;
    stub.shop().add_category("Soap");
    let products = format!(
        "{PRODUCTS}g1,G,,,Tea,100,5\ng2,G,,,tea,100,5\ng3,G,,,Garden,100,5\ng4,G,,,SOAP,100,5\n"
    );
    let dir = folder(&[("products.csv", &products)]);
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(0).json();
    assert_eq!(report["categories"], json!({ "created": 2, "changed": 0, "unchanged": 1 }));
    assert_eq!(report["products"]["created"], 4);
    let shop = stub.shop();
    assert_eq!(shop.categories.keys().collect::<Vec<_>>(), ["Garden", "Soap", "Tea"]);
    assert_eq!(shop.products["g1"]["CategoryId"], shop.products["g2"]["CategoryId"]);
}

#[tokio::test]
async fn a_refused_category_is_its_rows_fault_and_all_others_come_in() {
    let stub = Stub::start().await;
    let long = "x".repeat(101);
    let products =
        format!("{PRODUCTS}h1,H,,,{long},100,5\nh2,H,,,Books,100,5\nh3,H,,,{long},100,5\n");
    let dir = folder(&[("products.csv", &products)]);
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(3).json();
    assert_eq!(report["categories"]["created"], 1);
    assert_eq!(report["products"]["created"], 1);
    let lines: Vec<_> = report["bad_rows"].as_array().expect("a list").iter().collect();
    assert_eq!([&lines[0]["line"], &lines[1]["line"]], [2, 4]);
    let problem = lines[0]["problem"].as_str().expect("text");
    assert!(problem.starts_with("the shop refuses its category: 422"), "{problem}");
    assert!(problem.contains("Name is too long"), "{problem}");
}

#[tokio::test]
async fn two_imports_at_once_both_come_to_their_end() {
    let stub = Stub::start().await;
    stub.shop().faults =
        [("add-new-category", Fault::Overtaken), ("add-new-product", Fault::Overtaken)].into();
    let dir = folder(&[("products.csv", &format!("{PRODUCTS}a1,Ale,,,Drinks,250,3\n"))]);
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(0).json();
    let unchanged = json!({ "created": 0, "changed": 0, "unchanged": 1 });
    assert_eq!((&report["categories"], &report["products"]), (&unchanged, &unchanged));
}

#[tokio::test]
async fn a_file_with_an_unclosed_quote_is_refused_before_anything_is_sent() {
    let stub = Stub::start().await;
    let header = PRODUCTS.replace('\n', ",Notes\n");
    let rows = "q1,Q,,,Tea,100,5,ok\nq2,Q,,,Tea,100,5,\"7 inch\nq3,Q,,,Tea,100,5,ok\n";
    let dir = folder(&[("products.csv", &format!("{header}{rows}"))]);
    let ran = import(&stub, dir.path(), &["--json"]).await.expect_code(1);
    assert!(ran.stderr.contains("line 3: a quote that begins here is never closed"), "{ran:?}");
    assert!(stub.shop().products.is_empty());
}

#[tokio::test]
async fn files_as_spreadsheets_and_old_machines_write_them_come_in_whole() {
    let stub = Stub::start().await;
    let mut products = PRODUCTS.to_owned();
    for number in 1..=100 {
        writeln!(products, "f{number},F,,,Tea,{number},5").expect("a string takes everything");
    }
    products.push_str(",,,,,,\n");
    let products = products.replace(',', ";").replace('\n', "\r");
    let bytes: Vec<u8> =
        format!("\u{feff}{products}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dir = folder(&[]);
    let file = std::fs::File::create(dir.path().join("products.csv.gz")).expect("writable");
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &bytes).expect("writable");
    packed.finish().expect("writable");
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(0).json();
    assert_eq!(report["products"]["created"], 100);
    assert_eq!(report["bad_rows_total"], 0);
}

#[tokio::test]
async fn a_text_is_the_same_however_its_accents_and_line_ends_are_written() {
    let stub = Stub::start().await;
    let rows = |accent: &str, end: &str| {
        format!("{PRODUCTS}a1,Caf{accent},\"one{end}two\",,Th{accent},250,3\n")
    };
    let dir = folder(&[("products.csv", &rows("\u{e9}", "\n"))]);
    import(&stub, dir.path(), &[]).await.expect_code(0);
    std::fs::write(dir.path().join("products.csv"), rows("e\u{301}", "\r\n")).expect("writable");
    let report = import(&stub, dir.path(), &["--json"]).await.expect_code(0).json();
    let unchanged = json!({ "created": 0, "changed": 0, "unchanged": 1 });
    assert_eq!((&report["categories"], &report["products"]), (&unchanged, &unchanged));
}
